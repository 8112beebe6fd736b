from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from datamodules.detector.module import DetectorDataModule
from datamodules.errors import DataError
from datamodules.samples import Split


def module(root: Path, **options: object) -> DetectorDataModule:
    given = {"batch_size": 32, "epoch_size": 96, "val_size": 64, "num_workers": 0, **options}
    return DetectorDataModule(str(root), **given)  # type: ignore[arg-type]


def test_each_split_has_crops_of_the_requested_side(sample_root: Path) -> None:
    data = module(sample_root, side=24)
    data.prepare_data()
    data.setup("fit")
    data.setup("test")
    for loader, count in ((data.train_dataloader(), 3), (data.val_dataloader(), 2), (data.test_dataloader(), 2)):
        batches = list(loader)
        assert len(batches) == count
        assert batches[0].image.shape[1:] == (3, 24, 24)
        assert batches[0].image.dtype == torch.uint8


def test_training_crops_change_each_epoch_and_validation_crops_do_not(sample_root: Path) -> None:
    data = module(sample_root)
    data.setup("fit")
    loader = data.train_dataloader()
    first = [batch.image for batch in loader]
    loader.sampler.set_epoch(1)  # type: ignore[attr-defined]
    second = [batch.image for batch in loader]
    assert not torch.equal(first[0][:8], second[0][:8])
    once, again = (next(iter(data.val_dataloader())).image for _ in range(2))
    assert torch.equal(once, again)


def test_the_splits_share_no_photo(sample_root: Path) -> None:
    data = module(sample_root)
    crowds = {split: data.crowds(split) for split in get_args(Split)}
    paths = {split: {scenes.path(index) for index in range(len(scenes))} for split, scenes in crowds.items()}
    assert all(paths.values())
    assert not paths["train"] & paths["val"]
    assert not paths["test"] & (paths["train"] | paths["val"])


def test_cartoons_can_be_left_out(sample_root: Path, tmp_path: Path) -> None:
    for name in ("wider_face", "lfw_net"):
        (tmp_path / name).symlink_to(sample_root / name)
    with pytest.raises(DataError, match=r"no such data folder: .*cartoonset10k"):
        module(tmp_path).setup("fit")
    data = module(tmp_path, cartoons=0.0)
    data.setup("fit")
    assert len(next(iter(data.train_dataloader())).image)


def test_cartoons_get_poses_of_the_same_split(sample_root: Path) -> None:
    data = module(sample_root, cartoon_poses=1.0)
    sources = data._sources("train", None)
    assert sources.cartoons is not None
    generators = (np.random.default_rng(seed) for seed in range(12))
    scenes = [sources.cartoons.scene(0, generator).landmarks[0] for generator in generators]
    poses = np.concatenate([sources.portraits.landmarks, data._portraits("val", None).landmarks])

    def turned(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far noses are from between the eyes, in eye distances."""
        aside = landmarks[:, 2, 0] - landmarks[:, :2, 0].mean(axis=1)
        return np.asarray(np.abs(aside) / np.ptp(landmarks[:, :2, 0], axis=1), dtype=np.float32)

    assert turned(np.stack(scenes)).max() > 0.5 * turned(poses).max()


def test_a_checkpoint_can_be_resumed_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = module(Path("data"), cartoon_families="families.tsv")
    assert data.hparams["root"] == str(tmp_path / "data")
    assert data.hparams["cartoon_families"] == str(tmp_path / "families.tsv")


def test_celeba_adds_its_faces(sample_root: Path) -> None:
    sizes = []
    for celeba in (False, True):
        data = module(sample_root, celeba=celeba)
        sizes.append(len(data._portraits("train", None)))
    assert sizes[1] > sizes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": 6}, "--data.side is 6, must be at least 12"),
        ({"epoch_size": 8}, "--data.epoch_size is 8, must be at least 32"),
        ({"cartoons": 1.5}, r"--data.cartoons is 1\.5"),
        ({"rotation": -5}, "--data.rotation is -5, must be at least 0"),
        (dict.fromkeys(("negatives", "positives", "parts", "landmarks"), 0), "are all 0"),
    ],
)
def test_invalid_options_are_named(sample_root: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        module(sample_root, **options)


def test_a_missing_set_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cartoongan data get wider"):
        module(tmp_path).prepare_data()
