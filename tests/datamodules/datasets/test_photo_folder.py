from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from datamodules.datasets.photo_folder import PhotoFolder
from datamodules.errors import DataError


def test_photos_are_squared_scaled_and_named(tmp_path: Path) -> None:
    for name, size in (("a.jpg", (178, 218)), ("sub/b.png", (60, 30))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", size, (255, 0, 0)).save(tmp_path / name)
    folder = PhotoFolder(tmp_path, image_size=32)
    assert [photo.name for photo in (folder[0], folder[1])] == ["a.jpg", "sub/b.png"]
    assert folder[1].image.shape == (3, 32, 32)
    assert folder[1].image[:, 0, 0].tolist() == [1, -1, -1]


def test_photos_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.bmp", "a.c.jpg", "a.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(DataError, match=r"a\.bmp and .*a\.png"):
        PhotoFolder(tmp_path, image_size=8)


def test_broken_photos_are_named_before_any_is_translated(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "b.jpg").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"1 of 3 photos cannot be read; the first: .*b\.jpg"):
        PhotoFolder(tmp_path, image_size=8)


def test_a_single_photo_is_taken_by_itself(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / name)
    folder = PhotoFolder(tmp_path / "b.jpg", image_size=8)
    assert [folder[index].name for index in range(len(folder))] == ["b.jpg"]
