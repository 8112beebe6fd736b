from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules.datasets.faces_csv import FaceAnnotation, read_annotations, write_annotations
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, HairColour

POINTS = np.array([[70.5, 112], [108, 111.5], [89, 130], [74, 151], [106, 150.1]], dtype=np.float32)
HEADER = "file,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5,hair\n"
ROW = "a.jpg,70.5,112,108,111.5,89,130,74,151,106,150.1,brown\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "faces.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_points_and_hair_are_read(tmp_path: Path) -> None:
    annotations = read_annotations(write(tmp_path, HEADER + ROW + "b/c d.png,,,,,,,,,,,\n"))
    assert list(annotations) == ["a.jpg", "b/c d.png"]
    np.testing.assert_array_equal(annotations["a.jpg"].landmarks, POINTS)
    assert annotations["a.jpg"].hair == HairColour.BROWN
    assert annotations["a.jpg"].has_landmarks
    assert annotations["b/c d.png"].landmarks.shape == (5, 2)
    assert not annotations["b/c d.png"].has_landmarks
    assert annotations["b/c d.png"].hair == NO_HAIR_COLOUR


def test_columns_may_be_left_out_or_reordered(tmp_path: Path) -> None:
    annotations = read_annotations(write(tmp_path, "\ufeffhair,file\r\n Grey ,a.jpg\r\n,b.jpg\r\n"))
    assert {name: row.hair for name, row in annotations.items()} == {"a.jpg": HairColour.GREY, "b.jpg": NO_HAIR_COLOUR}


def test_no_csv_says_nothing(tmp_path: Path) -> None:
    assert read_annotations(tmp_path / "faces.csv") == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: the columns are"),
        ("hair\nblack\n", "line 1: the columns are"),
        ("file,age\na.jpg,3\n", "line 1: the columns are"),
        ("file,x1,y1\na.jpg,3,4\n", "line 1: the columns are"),
        ("file,hair,hair\na.jpg,black,grey\n", "line 1: the columns are"),
        (HEADER + ROW + ROW, "line 3: a.jpg has a row already"),
        ("file,hair\n\na.jpg,red\n", "line 3: the hair is 'red', expected black, brown, blonde, grey"),
        ("file,hair\na.jpg\n", "line 2: fewer values"),
        ("file,hair\na.jpg,black,,\n", "line 2: more values"),
        ("file,hair\n,black\n", "line 2: no file"),
        (HEADER + "a.jpg,1,2,3,4,5,6,7,8,9,,\n", "line 2: the points are 1,2,3,4,5,6,7,8,9,, expected"),
        (HEADER + "a.jpg,1,2,3,4,5,6,7,8,9,nan,\n", "line 2: the points are"),
        ('file,hair\n"a.jpg,black\n', "line 2: unexpected end"),
    ],
)
def test_a_malformed_csv_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(DataError, match=rf"faces\.csv, {complaint}"):
        read_annotations(write(tmp_path, text))


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_bytes(b"file,hair\n\xff\xfe.jpg,black\n")
    with pytest.raises(DataError, match=r"faces\.csv"):
        read_annotations(path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(100, 300, (5, 2)).astype(np.float32)
    path = tmp_path / "faces.csv"
    write_annotations(path, {'odd, "name".jpg': FaceAnnotation(points, HairColour.BLONDE), "b.jpg": FaceAnnotation()})
    annotations = read_annotations(path)
    np.testing.assert_array_equal(annotations['odd, "name".jpg'].landmarks, points)
    assert annotations['odd, "name".jpg'].hair == HairColour.BLONDE
    assert not annotations["b.jpg"].has_landmarks
    assert list(tmp_path.iterdir()) == [path]


def test_other_rows_are_kept_and_named_ones_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + ROW + "z.jpg,,,,,,,,,,,grey\n")
    write_annotations(path, {"z.jpg": FaceAnnotation(POINTS), "m.jpg": FaceAnnotation(hair=HairColour.BLACK)})
    assert path.read_text().splitlines() == [
        HEADER.strip(),
        "a.jpg,70.5,112.0,108.0,111.5,89.0,130.0,74.0,151.0,106.0,150.1,brown",
        "m.jpg,,,,,,,,,,,black",
        "z.jpg,70.5,112.0,108.0,111.5,89.0,130.0,74.0,151.0,106.0,150.1,",
    ]


def test_a_failed_write_leaves_the_csv_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + ROW)
    with pytest.raises(ValueError, match="7"):
        write_annotations(path, {"b.jpg": FaceAnnotation(POINTS, hair=7)})
    assert path.read_text() == HEADER + ROW
    assert list(tmp_path.iterdir()) == [path]
