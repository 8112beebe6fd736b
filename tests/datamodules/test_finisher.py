from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.exclusion import write_exclusions
from datamodules.errors import DataError
from datamodules.finisher import CleanCartoons, FinisherDataModule


def module(root: Path, **options: object) -> FinisherDataModule:
    settings = {"root": str(root), "image_size": 32, "batch_size": 2, "num_workers": 0, "epoch_size": 6} | options
    return FinisherDataModule(**settings)  # type: ignore[arg-type]


def test_batches_are_clean_cartoons_with_alpha(sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    batches = list(data.train_dataloader())
    assert len(batches) == 3
    for batch in batches:
        assert isinstance(batch, CleanCartoons)
        assert batch.image.shape == (2, 3, 32, 32)
        assert batch.alpha.shape == (2, 1, 32, 32)
        assert -1 <= batch.image.min() < batch.image.max() <= 1
        assert 0 <= batch.alpha.min() < batch.alpha.max() <= 1
        outside = (batch.alpha == 0).expand_as(batch.image)
        assert outside.any()
        assert batch.image[outside].min() > 0.9  # white outside the cartoon


def test_validation_images_are_the_unmodified_files_with_alpha(sample_root: Path) -> None:
    data = module(sample_root, image_size=200)
    data.setup("validate")
    batch = next(iter(data.val_dataloader()))
    source = CartoonSet(sample_root / "cartoonset10k", "val")
    with Image.open(source.path(0)) as file:
        size = round(200 / 0.8)
        alpha = np.asarray(file.convert("RGBA").resize((size, size), Image.Resampling.BOX))[25:225, 25:225, 3] / 255
    assert np.abs(batch.alpha[0, 0].numpy() - alpha).mean() < 0.02
    expected = (source.landmarks[0] if hasattr(source, "landmarks") else source[0].landmarks) + 0.5
    scaled = expected * (size / source[0].image.shape[0]) - 0.5 - 25
    np.testing.assert_allclose(batch.landmarks[0].numpy(), scaled, atol=1e-3)


def test_excluded_cartoons_are_left_out(sample_root: Path, tmp_path: Path) -> None:
    names = CartoonSet(sample_root / "cartoonset10k", "train").names
    write_exclusions(tmp_path / "exclude.csv", {"cartoon": names[:3]})
    data = module(sample_root, exclude=str(tmp_path / "exclude.csv"))
    data.setup("fit")
    assert len(data._parts["train"]) == len(names) - 3


def test_a_cache_and_worker_processes_change_nothing(sample_root: Path, tmp_path: Path) -> None:
    seen = []
    for options in ({}, {"cache_dir": str(tmp_path)}, {"cache_dir": str(tmp_path), "num_workers": 1}):
        data = module(sample_root, **options)
        data.setup("fit")
        seen.append(next(iter(data.train_dataloader())))
    for other in seen[1:]:
        assert torch.equal(seen[0].image, other.image)
        assert torch.equal(seen[0].alpha, other.alpha)


def test_training_samples_differ_by_number_and_by_seed(sample_root: Path) -> None:
    first, second = module(sample_root), module(sample_root, seed=1)
    first.setup("fit")
    second.setup("fit")
    batches = list(first.train_dataloader())
    assert not torch.equal(batches[0].image, batches[1].image)
    assert not torch.equal(batches[0].image, next(iter(second.train_dataloader())).image)


def test_invalid_options_are_rejected(sample_root: Path) -> None:
    with pytest.raises(DataError, match=r"--data\.image_size is 8"):
        module(sample_root, image_size=8)
    with pytest.raises(DataError, match=r"--data\.epoch_size 1 is less than --data\.batch_size 2"):
        module(sample_root, epoch_size=1)
