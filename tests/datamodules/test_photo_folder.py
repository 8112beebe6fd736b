from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from datamodules.errors import DataError
from datamodules.photo_folder import PhotoFolder


def test_photos_are_squared_scaled_and_named(tmp_path: Path) -> None:
    for name, size in (("a.jpg", (178, 218)), ("sub/b.png", (60, 30))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", size, (255, 0, 0)).save(tmp_path / name)
    folder = PhotoFolder(tmp_path, image_size=32)
    assert [photo.name for photo in (folder[0], folder[1])] == ["a.jpg", "sub/b.png"]
    assert folder[1].image.shape == (3, 32, 32)
    assert folder[1].image[:, 0, 0].tolist() == [1, -1, -1]


def test_photos_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(DataError, match=r"a\.jpg and .*a\.png"):
        PhotoFolder(tmp_path, image_size=8)
