"""The lists on CelebA's photos before alignment, which may be left out, and numbers that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from datamodules.datasets.celeba import CelebA
from datamodules.errors import DataError

ATTRIBUTES = ["Bald", "Wearing_Hat", "Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair"]
POINTS = "69 109 106 113 77 142 73 152 108 154"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three rows of every list; no images, which nothing here needs."""
    names = ["000001.jpg", "000002.jpg", "000003.jpg"]
    tables = {
        "list_eval_partition.txt": [f"{name} {part}" for name, part in zip(names, "010", strict=True)],
        "list_attr_celeba.txt": ["3", " ".join(ATTRIBUTES), *(f"{name} -1 -1  1 -1 -1 -1" for name in names)],
        "list_landmarks_align_celeba.txt": ["3", "points", *(f"{name} {POINTS}" for name in names)],
        "list_bbox_celeba.txt": [
            "3",
            "image_id x_1 y_1 width height",
            *(f"{name}  95 71 226 {name[5]}" for name in names),
        ],
        "list_landmarks_celeba.txt": ["3", "points", *(f"{name} 1{POINTS}" for name in names)],
    }
    for name, lines in tables.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_lists_belong_to_the_partition(folder: Path) -> None:
    faces = CelebA(folder, "train")
    assert faces.wild_boxes is not None
    assert faces.wild_landmarks is not None
    assert faces.wild_boxes.tolist() == [[95, 71, 226, 1], [95, 71, 226, 3]]
    assert faces.wild_landmarks.shape == (2, 5, 2)
    assert faces.wild_landmarks[0].tolist() == [[169, 109], [106, 113], [77, 142], [73, 152], [108, 154]]


def test_they_may_be_left_out(folder: Path) -> None:
    (folder / "list_bbox_celeba.txt").unlink()
    (folder / "list_landmarks_celeba.txt").unlink()
    faces = CelebA(folder, "train")
    assert faces.wild_boxes is None
    assert faces.wild_landmarks is None


def test_a_box_that_is_no_number_is_named(folder: Path) -> None:
    path = folder / "list_bbox_celeba.txt"
    path.write_text(path.read_text().replace("000003.jpg  95", "000003.jpg nan"))
    with pytest.raises(DataError, match=r"list_bbox_celeba\.txt, line 5: a value is not finite"):
        assert CelebA(folder, "train").wild_boxes


def test_a_name_that_occurs_twice_is_named(folder: Path) -> None:
    path = folder / "list_landmarks_align_celeba.txt"
    path.write_text(path.read_text().replace("000002.jpg", "000001.jpg"))
    with pytest.raises(DataError, match=r"line 4: 000001\.jpg has a row in line 3 already"):
        CelebA(folder, "train")
