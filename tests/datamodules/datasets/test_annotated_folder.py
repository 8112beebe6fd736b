from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.faces_csv import FaceAnnotation, write_annotations
from datamodules.datasets.splits import split_of
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, SPLITS, HairColour
from datamodules.transforms.augment import photo_transform
from datamodules.transforms.framing import framing_for

NAMES = [
    f"{person}/{number}.{suffix}" for person in ("anna", "ben") for number in range(20) for suffix in ("jpg", "PNG")
]
POINTS = np.array([[10, 12], [20, 12], [15, 18], [11, 24], [19, 24]], dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of many sizes whose grey value is their number."""
    folder = tmp_path / "photos"
    for number, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20 + number, 90 - number), 3 * number).save(folder / name)
    return folder


def test_images_alone_are_enough(folder: Path) -> None:
    parts = {split: AnnotatedFolder(folder, split) for split in SPLITS}
    assert sorted(name for part in parts.values() for name in part.names) == sorted(NAMES)
    assert all(split_of(name) == split for split, part in parts.items() for name in part.names)
    for part in parts.values():
        assert len(part) == len(part.names) == len(part.labels)
        for index, name in enumerate(part.names):
            face = part[index]
            number = NAMES.index(name)
            assert face.image.shape == (90 - number, 20 + number, 3)
            assert abs(int(face.image[0, 0, 0]) - 3 * number) <= 1
            assert np.isnan(face.landmarks).all()
            assert face.label == NO_HAIR_COLOUR
            assert face.path == part.path(index) == folder / name


def test_the_csv_gives_what_it_has(folder: Path) -> None:
    train = AnnotatedFolder(folder, "train").names
    known = {train[0]: FaceAnnotation(POINTS), train[3]: FaceAnnotation(hair=HairColour.GREY)}
    write_annotations(folder / "faces.csv", known)
    faces = AnnotatedFolder(folder, "train")
    np.testing.assert_array_equal(faces[0].landmarks, POINTS)
    assert np.isnan(faces.landmarks[1:]).all()
    assert np.flatnonzero(faces.labels != NO_HAIR_COLOUR).tolist() == [3]
    assert faces[3].label == HairColour.GREY


def test_photos_of_any_size_become_a_network_s_images(folder: Path) -> None:
    faces = AnnotatedFolder(folder, "train")
    for augment in (False, True):
        framing, transform = framing_for("photo", 32, augment), photo_transform(32, augment)
        for index in range(0, len(faces), 7):
            sample = transform(framing(faces[index]), seed=index)
            assert sample.image.shape == (3, 32, 32)
            assert sample.landmarks.isnan().all()


def test_three_photos_make_all_parts_and_two_do_not(folder: Path) -> None:
    few = folder / "few"
    few.mkdir()
    for number, name in enumerate(NAMES[:3]):
        shutil.copy(folder / name, few / f"{number}{Path(name).suffix}")
    assert {name for split in SPLITS for name in AnnotatedFolder(few, split).names} == {"0.jpg", "1.PNG", "2.jpg"}
    (few / "2.jpg").unlink()
    with pytest.raises(DataError, match=r"few has 2 photos, too few for a split"):
        [AnnotatedFolder(few, split) for split in SPLITS]


def test_a_row_for_a_photo_that_is_not_there_is_named(folder: Path) -> None:
    write_annotations(folder / "faces.csv", {"anna/99.jpg": FaceAnnotation(POINTS)})
    with pytest.raises(DataError, match=r"faces\.csv has a row for anna/99\.jpg"):
        AnnotatedFolder(folder, "train")


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    for name, complaint in (("nowhere", "no such folder"), ("", "no supported file")):
        with pytest.raises(DataError, match=complaint):
            AnnotatedFolder(tmp_path / name, "train")


def test_the_fingerprint_follows_images_and_csv(folder: Path) -> None:
    prints = [AnnotatedFolder(folder, "train").fingerprint()]
    write_annotations(folder / "faces.csv", {NAMES[0]: FaceAnnotation(POINTS)})
    prints.append(AnnotatedFolder(folder, "train").fingerprint())
    AnnotatedFolder(folder, "train").path(0).write_bytes(b"changed")
    prints.append(AnnotatedFolder(folder, "train").fingerprint())
    assert len(set(prints)) == 3
    assert prints[-1] == AnnotatedFolder(folder, "train").fingerprint()
