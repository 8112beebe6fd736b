from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.samples import Photos, UnpairedBatch


def module(root: Path, **options: object) -> FacesDataModule:
    settings = {"root": str(root), "image_size": 32, "batch_size": 4, "num_workers": 0} | options
    return FacesDataModule(**settings)  # type: ignore[arg-type]


def test_batches_keep_the_house_line(sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert isinstance(batch, UnpairedBatch)
    for faces in (batch.photo, batch.cartoon):
        assert faces.image.shape == (4, 3, 32, 32)
        assert faces.image.dtype == torch.float32
        assert -1 <= faces.image.min() < faces.image.max() <= 1
        assert faces.landmarks.shape == (4, 5, 2)
        assert faces.landmarks.dtype == torch.float32
        assert faces.hair.shape == (4,)
        assert faces.hair.dtype == torch.int64


def test_worker_processes_give_the_same_batches(sample_root: Path) -> None:
    batches = []
    for workers in (0, 2):
        data = module(sample_root, num_workers=workers)
        data.setup("fit")
        batches.append(list(data.train_dataloader()))
    assert len(batches[0]) == len(batches[1]) > 1
    for alone, shared in zip(*batches, strict=True):
        assert torch.equal(alone.photo.image, shared.photo.image)
        assert torch.equal(alone.cartoon.landmarks, shared.cartoon.landmarks)


def test_an_epoch_can_be_shortened(sample_root: Path) -> None:
    data = module(sample_root, epoch_size=9)
    data.setup("fit")
    assert len(data.train_dataloader()) == 2


def test_validation_and_test_are_fixed_and_whole(sample_root: Path) -> None:
    for stage in ("validate", "test"):
        data = module(sample_root, batch_size=1)
        data.setup(stage)
        loader = data.val_dataloader if stage == "validate" else data.test_dataloader
        first, second = list(loader()), list(loader())
        assert first
        for a, b in zip(first, second, strict=True):
            assert torch.equal(a.photo.image, b.photo.image)


def test_prediction_takes_a_folder_of_photos(sample_root: Path) -> None:
    data = module(sample_root, predict_dir=str(sample_root / "celeba" / "img_align_celeba"), batch_size=5)
    data.setup("predict")
    batch = next(iter(data.predict_dataloader()))
    assert isinstance(batch, Photos)
    assert batch.image.shape == (5, 3, 32, 32)
    assert batch.name[0] == "000001.jpg"
    with pytest.raises(DataError, match=r"--data\.predict_dir"):
        module(sample_root).setup("predict")


def test_a_missing_folder_is_named_before_anything_starts(sample_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere[\s\S]*--data\.root"):
        module(tmp_path / "nowhere").prepare_data()
    shutil.copytree(sample_root / "celeba", tmp_path / "celeba")
    with pytest.raises(DataError, match="cartoonset10k"):
        module(tmp_path).prepare_data()


def test_a_batch_larger_than_the_epoch_is_refused(sample_root: Path) -> None:
    data = module(sample_root, batch_size=64)
    data.setup("fit")
    with pytest.raises(DataError, match=r"--data\.batch_size 64"):
        data.train_dataloader()


@pytest.mark.parametrize("option", ["image_size", "batch_size", "num_workers"])
def test_senseless_numbers_are_refused(sample_root: Path, option: str) -> None:
    with pytest.raises(DataError, match=f"--data.{option} is -1"):
        module(sample_root, **{option: -1})
