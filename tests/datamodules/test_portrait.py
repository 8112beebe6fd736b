from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.datasets.masked_photos import open_masked
from datamodules.datasets.masks import MaskedPhoto
from datamodules.errors import DataError
from datamodules.portrait import PortraitDataModule, Portraits, PortraitTransform
from datamodules.samples import NO_HAIR_COLOUR, RawFace
from datamodules.transforms.augment import to_tensor
from datamodules.transforms.framing import Framing


def module(root: Path, **options: object) -> PortraitDataModule:
    settings = {"image_size": 32, "batch_size": 4, "num_workers": 0, "epoch_size": 10} | options
    return PortraitDataModule(str(root), **settings)  # type: ignore[arg-type]


def gradient(height: int, width: int) -> MaskedPhoto:
    """A photo whose red is its own person mask and whose green its own head mask."""
    y, x = np.mgrid[:height, :width]
    image = np.dstack([255 * x / width, 255 * y / height, 0 * x]).astype(np.uint8)
    return MaskedPhoto(image, np.ascontiguousarray(image[..., :2]))


def test_batches_have_the_documented_shapes_and_ranges(sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    batches = list(data.train_dataloader())
    assert [len(batch.image) for batch in batches] == [4, 4]
    for batch in batches:
        assert batch.image.shape == (4, 3, 32, 32)
        assert -1 <= batch.image.min() < batch.image.max() <= 1
        assert batch.masks.shape == (4, 2, 32, 32)
        assert batch.masks.dtype == torch.float32
        assert 0 <= batch.masks.min() < batch.masks.max() <= 1
        assert (batch.masks[:, 1] <= batch.masks[:, 0] + 0.02).all()


def test_held_back_photos_are_framed_as_the_cyclegans_frame_them() -> None:
    photo = gradient(218, 178)
    points = np.zeros((5, 2), dtype=np.float32)
    for side in (128, 64, 256):
        framed = Framing(side)(RawFace(photo.image, points, NO_HAIR_COLOUR, Path("a.jpg")))
        image, masks = PortraitTransform(side, augment=False)(photo, 0)
        assert (image - to_tensor(framed.image)).abs().max() < 0.05
        assert (masks - (image[:2] + 1) / 2).abs().max() < 0.01


def test_masks_go_where_the_photo_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datamodules.portrait._pixel_steps", list)  # the geometry alone
    transform = PortraitTransform(64, augment=True)
    shown = [transform(gradient(218, 178), seed) for seed in range(8)]
    for image, masks in shown:
        assert (masks - (image[:2] + 1) / 2).abs().max() < 0.01
    assert len({round(float(image[0].mean()), 3) for image, _ in shown}) == 8
    mirrored = [bool(image[0, :, 60].mean() < image[0, :, 3].mean()) for image, _ in shown]
    assert len(set(mirrored)) == 2


def test_light_and_colour_change_but_masks_do_not() -> None:
    transform = PortraitTransform(64, augment=True)
    grey = MaskedPhoto(np.full((80, 80, 3), 128, dtype=np.uint8), np.full((80, 80, 2), 255, dtype=np.uint8))
    shown = [transform(grey, seed) for seed in range(16)]
    assert len({round(float(image.mean()), 2) for image, _ in shown}) > 4
    assert all((masks == 1).all() for _, masks in shown)


def test_a_seed_gives_the_same_portrait() -> None:
    transform = PortraitTransform(64, augment=True)
    for seed in range(4):
        first, again = transform(gradient(218, 178), seed), transform(gradient(218, 178), seed)
        assert torch.equal(first.image, again.image)
        assert torch.equal(first.masks, again.masks)


def test_a_share_of_the_photos_has_another_background(sample_root: Path) -> None:
    drawn = {}
    for share in (0.0, 0.5, 1.0):
        data = module(sample_root, other_backgrounds=share, augment=False)
        data.setup("fit")
        assert data._train is not None
        drawn[share] = [data._train[number] for number in range(20)]
    changed = {
        share: [not torch.equal(drawn[0.0][n].image, drawn[share][n].image) for n in range(20)] for share in drawn
    }
    assert 3 < sum(changed[0.5]) < 17
    assert sum(changed[1.0]) == 20
    for plain, other in zip(drawn[0.0], drawn[1.0], strict=True):
        assert torch.equal(plain.masks, other.masks)
        assert (plain.image - other.image)[:, plain.masks[0] == 1].abs().max() < 0.02
    data.setup("test")
    held = data.test_dataloader()[0].dataset
    photo = PortraitTransform(32, augment=False)(open_masked(sample_root / "celeba", "test")[0], 0)
    assert torch.equal(held[0].image, photo.image)


def test_all_folders_train_and_each_is_measured_by_itself(sample_root: Path) -> None:
    data = module(sample_root, photos=["celeba", str(sample_root / "celeba")])
    data.setup("fit")
    data.setup("test")
    assert data._train is not None
    one = module(sample_root)
    one.setup("fit")
    assert one._train is not None
    assert len(data._train) == 2 * len(one._train)
    assert data.part_names == ("celeba", f"{sample_root.name}/celeba")
    assert len(data.val_dataloader()) == len(data.test_dataloader()) == len(data.part_names) == 2
    batch = next(iter(data.test_dataloader()[1]))
    assert isinstance(batch, Portraits)


def test_senseless_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--data\.image_size is 40, must be a multiple of 16"):
        module(tmp_path, image_size=40)
    with pytest.raises(DataError, match=r"--data\.epoch_size 2 is less"):
        module(tmp_path, epoch_size=2)
    with pytest.raises(DataError, match=r"--data\.other_backgrounds is 1\.5, must be from 0 to 1"):
        module(tmp_path, other_backgrounds=1.5)
    with pytest.raises(DataError, match=r"--data\.photos is empty"):
        module(tmp_path, photos=[])
    with pytest.raises(DataError, match=r"no such folder of masked photos"):
        module(tmp_path).setup("fit")
