from __future__ import annotations

from pathlib import Path

import pytest

from datamodules.check import SetReport, check
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.registry import CARTOONSET10K, CELEBA, DataSet
from datamodules.datasets.shards import write_shards
from datamodules.samples import SPLITS


@pytest.fixture
def sharded(sample_root: Path, tmp_path: Path) -> Path:
    """CelebA whole and the training part of CartoonSet 10k, in shards."""
    celeba, cartoons = sample_root / "celeba", sample_root / "cartoonset10k"
    write_shards({split: CelebA(celeba, split) for split in SPLITS}, tmp_path / "celeba", shard_bytes=40_000)
    write_shards({"train": CartoonSet(cartoons, "train")}, tmp_path / "cartoonset10k")
    return tmp_path


def check_one(root: Path, name: DataSet) -> SetReport:
    (report,) = check(root, [name]).sets
    return report


def test_good_shards_are_counted(sharded: Path, sample_root: Path) -> None:
    photos, cartoons = (check_one(sharded, name) for name in (CELEBA, CARTOONSET10K))
    assert not photos.errors + cartoons.errors
    counts = [(count.split, count.found, count.published) for count in photos.counts]
    assert counts == [
        (split, len(CelebA(sample_root / "celeba", split)), published)
        for split, published in zip(SPLITS, (162_770, 19_867, 19_962), strict=True)
    ]
    (total,) = cartoons.counts
    assert (total.found, total.published) == (len(CartoonSet(sample_root / "cartoonset10k", "train")), 10_000)


def test_every_damaged_image_is_listed(sharded: Path, sample_root: Path) -> None:
    faces = CelebA(sample_root / "celeba", "train")
    damaged = [1, 8, 9]
    for shard in (sharded / "celeba" / "train").glob("*.bin"):
        content = shard.read_bytes()
        for index in damaged:
            encoded = faces.path(index).read_bytes()
            content = content.replace(encoded, bytes(len(encoded)))
        shard.write_bytes(content)
    errors = check_one(sharded, CELEBA).errors
    assert len(errors) == len(damaged)
    for index, error in zip(damaged, errors, strict=True):
        assert faces.names[index] in error.message


def test_a_cut_off_shard_and_a_damaged_index_are_listed(sharded: Path) -> None:
    shard = sharded / "celeba" / "val" / "chunk-0-0.bin"
    shard.write_bytes(shard.read_bytes()[:-5])
    (error,) = check_one(sharded, CELEBA).errors
    assert "chunk-0-0.bin has" in error.message
    (sharded / "cartoonset10k" / "shards.json").write_text("{")
    (error,) = check_one(sharded, CARTOONSET10K).errors
    assert error.path.name == "shards.json"
