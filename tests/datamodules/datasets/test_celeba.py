from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from datamodules.datasets.celeba import CelebA, attribute_labels, hair_labels
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN, HairColour

NAMES = ["Bald", "Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair", "Wearing_Hat"]


@pytest.fixture
def folder(sample_root: Path, tmp_path: Path) -> Path:
    """A copy of the sample CelebA that a test may damage."""
    return Path(shutil.copytree(sample_root / "celeba", tmp_path / "celeba"))


def test_the_partitions_share_no_image_and_leave_none_out(sample_root: Path) -> None:
    parts = [CelebA(sample_root / "celeba", split).names for split in ("train", "val", "test")]
    names = [name for part in parts for name in part]
    assert sorted(names) == sorted(path.name for path in (sample_root / "celeba" / "img_align_celeba").iterdir())
    assert len(set(names)) == len(names)


def test_a_face_is_read_with_its_row(sample_root: Path) -> None:
    faces = CelebA(sample_root / "celeba", "train")
    face = faces[3]
    line = next(
        line.split()
        for line in (sample_root / "celeba" / "list_landmarks_align_celeba.txt").read_text().splitlines()
        if line.startswith(faces.names[3])
    )
    assert face.image.shape == (218, 178, 3)
    assert face.landmarks.ravel().tolist() == [float(value) for value in line[1:]]
    assert face.path.name == faces.names[3] == line[0]
    assert face.label == faces.labels[3]
    assert faces.raw_attributes.shape == (len(faces), 40)
    assert len(faces.attribute_names) == 40


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (["Black_Hair"], HairColour.BLACK),
        (["Blond_Hair"], HairColour.BLONDE),
        (["Brown_Hair"], HairColour.BROWN),
        (["Gray_Hair"], HairColour.GREY),
        ([], NO_HAIR_COLOUR),
        (["Black_Hair", "Brown_Hair"], NO_HAIR_COLOUR),
        (["Gray_Hair", "Bald"], NO_HAIR_COLOUR),
        (["Blond_Hair", "Wearing_Hat"], NO_HAIR_COLOUR),
    ],
)
def test_hair_counts_only_when_it_is_certain(attributes: list[str], expected: int) -> None:
    row = np.array([[name in attributes for name in NAMES]])
    assert hair_labels(row, NAMES).tolist() == [expected]


@pytest.mark.parametrize("name", ["list_attr_celeba.txt", "list_landmarks_align_celeba.txt", "list_eval_partition.txt"])
def test_a_missing_list_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match=name):
        CelebA(folder, "train")


def test_a_short_line_is_named(folder: Path) -> None:
    path = folder / "list_landmarks_align_celeba.txt"
    lines = path.read_text().splitlines()
    lines[5] = " ".join(lines[5].split()[:-2])
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"list_landmarks_align_celeba\.txt, line 6: 8 values, expected 10"):
        CelebA(folder, "train")


def test_a_missing_row_is_named(folder: Path) -> None:
    path = folder / "list_attr_celeba.txt"
    name = CelebA(folder, "train").names[0]
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith(name)))
    with pytest.raises(DataError, match=f"no row for {name}"):
        CelebA(folder, "train")


def test_a_word_among_the_numbers_is_an_error(folder: Path) -> None:
    path = folder / "list_landmarks_align_celeba.txt"
    lines = path.read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if line.startswith(CelebA(folder, "train").names[0]))
    lines[number] = lines[number].rsplit(" ", 1)[0] + " x"
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match="not a number"):
        CelebA(folder, "train")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("list_eval_partition.txt", " 0\n", " 7\n", r"line \d+: the part is '7', expected 0 or 1 or 2"),
        ("list_attr_celeba.txt", " -1 ", " x ", "line 3: an attribute is 'x', expected -1 or 1"),
        ("list_attr_celeba.txt", None, "9999", "should have 9999 rows by its first line, but has"),
    ],
)
def test_values_that_cannot_be_are_named(folder: Path, name: str, old: str | None, new: str, message: str) -> None:
    path = folder / name
    text = path.read_text()
    path.write_text(text.replace(old or text.splitlines()[0], new, 1))
    with pytest.raises(DataError, match=message):
        CelebA(folder, "train")


def test_an_empty_partition_is_an_error(folder: Path) -> None:
    path = folder / "list_eval_partition.txt"
    path.write_text("\n".join(line[:-1] + "0" for line in path.read_text().splitlines()))
    with pytest.raises(DataError, match="'val'"):
        CelebA(folder, "val")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (["No_Beard"], [0, 0, 0]),
        (["No_Beard", "Eyeglasses"], [1, 0, 0]),
        (["No_Beard", "Mouth_Slightly_Open"], [0, 0, 1]),
        ([], [0, 1, 0]),
        (["Goatee"], [0, 1, 0]),
        (["No_Beard", "Mustache"], [0, 1, 0]),
        (["5_o_Clock_Shadow"], [0, UNKNOWN, 0]),
        (["5_o_Clock_Shadow", "Goatee"], [0, 1, 0]),
        (["5_o_Clock_Shadow", "No_Beard"], [0, 0, 0]),
    ],
)
def test_stubble_alone_is_no_certain_beard(attributes: list[str], expected: list[int]) -> None:
    names = ["5_o_Clock_Shadow", "Eyeglasses", "Goatee", "Mouth_Slightly_Open", "Mustache", "No_Beard"]
    row = np.array([[name in attributes for name in names]])
    assert attribute_labels(row, names).tolist() == [expected]
    assert attribute_labels(row[:, :1], names[:1]).tolist() == [[UNKNOWN, UNKNOWN, UNKNOWN]]
