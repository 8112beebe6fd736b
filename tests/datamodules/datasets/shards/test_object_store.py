"""Shards that are not here: a small server stands in for S3."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from datamodules.datasets.celeba import CelebA
from datamodules.datasets.shards import ShardedFaces, write_shards
from datamodules.errors import DataError
from tests.datamodules.datasets.shards.bucket import Bucket, settings


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    server = Bucket(tmp_path / "bucket")
    for name, value in settings("127.0.0.1", server.server_port).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("litdata.utilities.dataset_utilities.get_default_cache_dir", lambda: str(tmp_path / "cache"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def here(bucket: Bucket, sample_root: Path, tmp_path: Path) -> Path:
    """A folder with ``shards.json`` alone; the rest is in the bucket."""
    faces = CelebA(sample_root / "celeba", "train")
    stored = bucket.folder / "faces" / "celeba"
    write_shards({"train": faces}, stored, shard_bytes=100_000, address="s3://bucket/faces/celeba")
    (tmp_path / "celeba").mkdir()
    shutil.copy(stored / "shards.json", tmp_path / "celeba")
    return tmp_path / "celeba"


def test_faces_are_fetched_one_by_one(here: Path, bucket: Bucket, sample_root: Path, tmp_path: Path) -> None:
    files, shards = CelebA(sample_root / "celeba", "train"), ShardedFaces(here, "train")
    for index in (7, 0, 11):
        fetched, file = shards[index], files[index]
        np.testing.assert_array_equal(fetched.image, file.image)
        np.testing.assert_array_equal(fetched.landmarks, file.landmarks)
    traffic = sum(count for name, count in bucket.sent.items() if name.endswith(".bin"))
    sizes = sum(files.path(index).stat().st_size for index in (7, 0, 11))
    assert sizes < traffic < sizes + 3 * 500
    assert not list((tmp_path / "cache").rglob("*.bin"))


def test_a_lost_shard_is_named(here: Path, bucket: Bucket) -> None:
    shards = ShardedFaces(here, "train")
    assert shards[0].image.size
    shutil.rmtree(bucket.folder)
    with pytest.raises(DataError, match=r"chunk-0-0\.bin.*from s3://bucket/faces/celeba/train"):
        shards[1]


def test_a_copy_beside_the_index_is_preferred(here: Path, bucket: Bucket) -> None:
    shutil.copytree(bucket.folder / "faces" / "celeba" / "train", here / "train")
    assert ShardedFaces(here, "train")[3].image.size
    assert not bucket.sent
