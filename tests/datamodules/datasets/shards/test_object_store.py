"""Shards that are not here: a small server stands in for S3."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from datamodules.datasets.celeba import CelebA
from datamodules.datasets.shards import ShardedFaces, write_shards
from datamodules.errors import DataError


class Bucket(ThreadingHTTPServer):
    """Answers ``GET /bucket/key`` with files below ``folder``, and keeps count of the bytes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), BucketHandler)
        self.folder = folder
        self.sent: dict[str, int] = {}


class BucketHandler(BaseHTTPRequestHandler):
    server: Bucket

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, with_content: bool) -> None:
        name = self.path.partition("?")[0].removeprefix("/bucket/")
        path = self.server.folder / name
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2])) if asked else (0, len(content) - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(last + 1 - first))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
        self.send_header("ETag", '"1"')
        self.end_headers()
        if with_content:
            self.wfile.write(content[first : last + 1])
            self.server.sent[name] = self.server.sent.get(name, 0) + last + 1 - first

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    server = Bucket(tmp_path / "bucket")
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "NO_PROXY": "127.0.0.1",
    }.items():
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
