from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.datasets.celeba import CelebA
from datamodules.datasets.masked_photos import MaskedCelebA, open_masked
from datamodules.errors import DataError
from datamodules.transforms.head_mask import head_mask


@pytest.fixture
def folder(sample_root: Path, tmp_path: Path) -> Path:
    """A copy of the sample photos that a test may change."""
    return Path(shutil.copytree(sample_root / "celeba", tmp_path / "celeba"))


def test_photos_come_with_the_masks_beside_them(folder: Path) -> None:
    photos = open_masked(folder, "test")
    assert photos.names == CelebA(folder, "test").names
    image, masks = photos[0]
    assert image.shape == (218, 178, 3)
    for channel, kind in enumerate(("masks", "head_masks")):
        written = np.asarray(Image.open(folder / kind / f"{Path(photos.names[0]).stem}.png"))
        np.testing.assert_array_equal(masks[..., channel], written)


def test_without_a_mask_of_the_head_it_is_cut_from_the_person(folder: Path) -> None:
    shutil.rmtree(folder / "head_masks")
    photos, faces = MaskedCelebA(folder, "train"), CelebA(folder, "train")
    masks = photos[1].masks
    np.testing.assert_array_equal(masks[..., 1], head_mask(masks[..., 0], faces[1].landmarks))
    assert 0.3 < masks[..., 1].mean() / masks[..., 0].mean() < 0.95


def test_photos_without_a_mask_are_left_out(folder: Path) -> None:
    names = CelebA(folder, "train").names
    (folder / "masks" / f"{Path(names[0]).stem}.png").unlink()
    photos, faces = MaskedCelebA(folder, "train"), CelebA(folder, "train")
    assert photos.names == names[1:]
    np.testing.assert_array_equal(photos[0].image, faces[1].image)


def test_faults_are_named(folder: Path, tmp_path: Path) -> None:
    photos = MaskedCelebA(folder, "train")
    path = folder / "masks" / f"{Path(photos.names[0]).stem}.png"
    Image.new("L", (5, 6)).save(path)
    with pytest.raises(DataError, match=rf"{path.name} is 5x6 pixels, its photo 178x218"):
        photos[0]
    shutil.rmtree(folder / "masks")
    with pytest.raises(DataError, match=r"masks has no mask NAME\.png for a photo of the split 'train'"):
        MaskedCelebA(folder, "train")
    with pytest.raises(DataError, match=r"no such folder of masked photos: .*nowhere"):
        open_masked(tmp_path / "nowhere", "train")
