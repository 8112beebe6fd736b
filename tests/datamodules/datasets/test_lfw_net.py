"""The lists of LFW+Net: backslashes, carriage returns, and the order x1 x2 y1 y2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.datasets.lfw_net import LfwNet
from datamodules.errors import DataError

LINES = [
    "lfw_5590\\a.jpg 10 40 12 48 15.25 20 35 20 25 30 18 40 32 40.5",
    "net_7876\\b.jpg 1 20 2 30 5 10 15 10 10 15 6 20 14 20",
]


def write(folder: Path, lines: list[str]) -> None:
    for number, name in enumerate(["lfw_5590/a.jpg", "net_7876/b.jpg"]):
        (folder / name).parent.mkdir(parents=True)
        Image.new("RGB", (50 - 10 * number, 60), (0, 200, 0)).save(folder / name)
    (folder / "trainImageList.txt").write_bytes("".join(line + "\r\n" for line in lines).encode())


def test_a_line_is_read_in_its_own_order(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    faces = LfwNet(tmp_path, "train")
    sample = faces[0]
    assert len(faces) == 2
    assert sample.path == tmp_path / "lfw_5590" / "a.jpg"
    assert sample.image.shape == (60, 50, 3)
    assert sample.box.dtype == sample.landmarks.dtype == np.float32
    assert sample.box.tolist() == [10, 12, 40, 48]
    assert sample.landmarks.tolist() == [[15.25, 20], [35, 20], [25, 30], [18, 40], [32, 40.5]]
    assert faces[1].image.shape == (60, 40, 3)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LINES[1].rsplit(" ", 1)[0], "line 2: 13 values after the name, expected 14"),
        (LINES[1] + " 1", "line 2: 15 values after the name, expected 14"),
        (LINES[1].replace(" 15 ", " nan "), "line 2: expected 14 finite numbers"),
        (LINES[1].replace(" 15 ", " x "), "line 2: expected 14 finite numbers"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    write(tmp_path, [LINES[0], line])
    with pytest.raises(DataError) as caught:
        LfwNet(tmp_path, "train")
    assert f"{tmp_path / 'trainImageList.txt'}, {message}" in str(caught.value)


def test_a_missing_list_and_a_missing_image_are_named(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    (tmp_path / "net_7876" / "b.jpg").unlink()
    with pytest.raises(DataError, match=r"net_7876/b\.jpg"):
        LfwNet(tmp_path, "train")[1]
    with pytest.raises(DataError, match=r"testImageList\.txt"):
        LfwNet(tmp_path, "test")
