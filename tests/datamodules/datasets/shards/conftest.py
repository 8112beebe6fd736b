from __future__ import annotations

from pathlib import Path

import pytest

from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.shards import write_shards
from datamodules.samples import SPLITS


@pytest.fixture(scope="session")
def sharded_root(sample_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The faces of ``sample_root``, a few in each shard."""
    root = tmp_path_factory.mktemp("shards")
    photos = {split: CelebA(sample_root / "celeba", split) for split in SPLITS}
    cartoons = {split: CartoonSet(sample_root / "cartoonset10k", split) for split in SPLITS}
    write_shards(photos, root / "celeba", shard_bytes=40_000)
    write_shards(cartoons, root / "cartoonset10k", shard_bytes=100_000)
    return root
