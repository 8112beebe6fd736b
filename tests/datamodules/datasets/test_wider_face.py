"""The official list of WIDER FACE: its columns, its zero-face convention, its broken lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.datasets.wider_face import WiderFace, parse_annotations
from datamodules.errors import DataError

CROWD = ["0--Parade/a.jpg", "2", "10 20 30 40 2 1 0 1 2 1 ", "5 6 0 7 0 0 0 0 0 0 "]
EMPTY = ["1--Handshaking/b.jpg", "0", "0 0 0 0 0 0 0 0 0 0 "]
LAST = ["1--Handshaking/c.jpg", "1", "1 2 3 4 0 0 0 0 0 0 "]


def write(folder: Path, lines: list[str], end: str = "\n") -> Path:
    for part in ("WIDER_train/images/0--Parade", "WIDER_train/images/1--Handshaking", "wider_face_split"):
        (folder / part).mkdir(parents=True)
    for number, name in enumerate(["0--Parade/a.jpg", "1--Handshaking/b.jpg", "1--Handshaking/c.jpg"]):
        Image.new("RGB", (60, 50), (40 * number, 0, 200)).save(folder / "WIDER_train" / "images" / name)
    path = folder / "wider_face_split" / "wider_face_train_bbx_gt.txt"
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_column_is_read(tmp_path: Path, end: str) -> None:
    write(tmp_path, CROWD + EMPTY + LAST, end)
    faces = WiderFace(tmp_path, "train")
    sample = faces[0]
    assert len(faces) == 3
    assert sample.path == tmp_path / "WIDER_train/images/0--Parade/a.jpg"
    assert sample.image.shape == (50, 60, 3)
    assert sample.boxes.dtype == np.float32
    assert sample.boxes.tolist() == [[10, 20, 30, 40], [5, 6, 0, 7]]
    assert sample.attributes.dtype == np.int64
    assert sample.attributes.tolist() == [[2, 1, 0, 1, 2, 1], [0, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize("empty", [EMPTY, EMPTY[:2]], ids=["line of zeros", "no line"])
def test_an_image_without_faces_has_no_boxes(tmp_path: Path, empty: list[str]) -> None:
    write(tmp_path, CROWD + empty + LAST)
    faces = WiderFace(tmp_path, "train")
    assert [len(faces[index].boxes) for index in range(3)] == [2, 0, 1]
    assert faces[1].boxes.shape == (0, 4)
    assert faces[1].attributes.shape == (0, 6)
    assert int(faces[1].image[0, 0, 0]) in range(35, 45)


def test_lines_are_counted_from_one() -> None:
    annotations, problems = parse_annotations(CROWD + EMPTY + LAST)
    assert not problems
    assert [(a.line, a.box_lines) for a in annotations] == [(1, [3, 4]), (5, []), (8, [10])]


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (1, None, "line 1: expected the name of an image, found '2'"),
        (2, "3", "line 2: 0--Parade/a.jpg should have 3 boxes, but 2 follow"),
        (2, "1", "line 2: 0--Parade/a.jpg should have 1 boxes, but 2 follow"),
        (2, "0", "line 2: 0--Parade/a.jpg should have 0 boxes, but 2 follow"),
        (2, "two", "line 2: the number of faces of 0--Parade/a.jpg is missing"),
        (2, None, "line 2: the number of faces of 0--Parade/a.jpg is missing"),
        (3, "10 20 30 40 2 1 0 1 2", "line 3: 9 values, expected 10"),
        (3, "10 20 30 40 2 1 0 1 2 1 1", "line 3: 11 values, expected 10"),
        (3, "10 20 nan 40 2 1 0 1 2 1", "line 3: expected 10 finite numbers"),
        (3, "10 20 inf 40 2 1 0 1 2 1", "line 3: expected 10 finite numbers"),
        (3, "10 20 wide 40 2 1 0 1 2 1", "line 3: expected 10 finite numbers"),
        (3, "10 20 30 40 3 1 0 1 2 1", "line 3: blur is 3, but has only the values 0 to 2"),
        (3, "10 20 30 40 2 1 0 0.5 2 1", "line 3: invalid is 0.5, but has only the values 0 to 1"),
        (4, None, "line 2: 0--Parade/a.jpg should have 2 boxes, but 1 follow"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: int, text: str | None, message: str) -> None:
    lines = CROWD + EMPTY + LAST
    path = write(tmp_path, lines[: line - 1] + ([] if text is None else [text]) + lines[line:])
    with pytest.raises(DataError) as caught:
        WiderFace(tmp_path, "train")
    assert f"{path}, {message}" in str(caught.value)


def test_a_broken_line_does_not_spoil_the_rest() -> None:
    annotations, problems = parse_annotations([CROWD[0], "7", "1 2 3", *CROWD[2:], *EMPTY, *LAST])
    assert [problem.line for problem in problems] == [2, 3]
    assert [(a.name, len(a.boxes)) for a in annotations] == [(CROWD[0], 2), (EMPTY[0], 0), (LAST[0], 1)]


def test_a_missing_list_and_a_missing_image_are_named(tmp_path: Path) -> None:
    write(tmp_path, CROWD)
    (tmp_path / "WIDER_train/images/0--Parade/a.jpg").unlink()
    with pytest.raises(DataError, match=r"WIDER_train/images/0--Parade/a\.jpg"):
        WiderFace(tmp_path, "train")[0]
    with pytest.raises(DataError, match=r"wider_face_val_bbx_gt\.txt"):
        WiderFace(tmp_path, "val")
