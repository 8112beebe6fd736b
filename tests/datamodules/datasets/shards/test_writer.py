from __future__ import annotations

import hashlib
import json
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from datamodules.datasets.celeba import CelebA
from datamodules.datasets.shards import ShardedFaces, ShardIndex, is_sharded, write_shards
from datamodules.errors import DataError
from datamodules.samples import RawFace


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def faces(sample_root: Path) -> CelebA:
    return CelebA(sample_root / "celeba", "train")


def test_the_same_faces_give_the_same_files(faces: CelebA, tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_shards({"train": faces}, tmp_path / name, shard_bytes=40_000)
    assert digests(tmp_path / "first") == digests(tmp_path / "second")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_the_image_files_are_in_the_shards_byte_for_byte(faces: CelebA, tmp_path: Path) -> None:
    write_shards({"train": faces}, tmp_path / "celeba", shard_bytes=1 << 30)
    (shard,) = (tmp_path / "celeba" / "train").glob("*.bin")
    content = shard.read_bytes()
    assert all(faces.path(index).read_bytes() in content for index in range(len(faces)))


def test_shards_are_about_as_large_as_asked(faces: CelebA, tmp_path: Path) -> None:
    write_shards({"train": faces}, tmp_path / "celeba", shard_bytes=40_000)
    shards = ShardIndex.load(tmp_path / "celeba").splits["train"].shards
    assert len(shards) > 3
    assert all(20_000 < shard.size < 44_000 for shard in shards[:-1])
    assert sum(shard.faces for shard in shards) == len(faces)


def test_what_comes_is_said_beforehand(faces: CelebA, tmp_path: Path) -> None:
    size = sum(faces.path(index).stat().st_size for index in range(len(faces)))
    said: list[str] = []
    write_shards({"train": faces}, tmp_path / "celeba", say=said.append)
    assert said[0] == f"{tmp_path / 'celeba'}: {len(faces)} faces in shards of {size / 1e9:.3g} GB together"


def test_an_unreadable_image_is_named_and_nothing_is_left(sample_root: Path, tmp_path: Path) -> None:
    shutil.copytree(sample_root / "celeba", tmp_path / "celeba")
    faces = CelebA(tmp_path / "celeba", "train")
    faces.path(5).write_bytes(b"<html>quota exceeded</html>")
    with pytest.raises(DataError, match=faces.names[5]):
        write_shards({"train": faces}, tmp_path / "out" / "celeba")
    assert list((tmp_path / "out").iterdir()) == []


class Stopping:
    """Faces whose reading is interrupted half-way."""

    def __init__(self, faces: CelebA) -> None:
        self.names: list[str] = faces.names
        self.labels: NDArray[np.int64] = faces.labels
        self.attributes: NDArray[np.int64] = faces.attributes
        self._faces = faces

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> RawFace:
        if index == 12:
            raise KeyboardInterrupt
        return self._faces[index]

    def path(self, index: int) -> Path:
        return self._faces.path(index)

    def fingerprint(self) -> str:
        return self._faces.fingerprint()


def test_a_stopped_run_leaves_nothing_and_the_next_one_finishes(faces: CelebA, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_shards({"train": Stopping(faces)}, tmp_path / "celeba", shard_bytes=40_000)
    assert list(tmp_path.iterdir()) == []
    write_shards({"train": faces}, tmp_path / "celeba")
    assert len(ShardedFaces(tmp_path / "celeba", "train")) == len(faces)


def test_what_a_killed_run_left_is_no_set_and_does_not_hinder(faces: CelebA, tmp_path: Path) -> None:
    write_shards({"train": faces}, tmp_path / "celeba", shard_bytes=40_000)
    half = tmp_path / ".celeba.sharding"
    (tmp_path / "celeba").rename(half)
    (half / "shards.json").unlink()
    assert not is_sharded(half)
    write_shards({"train": faces}, tmp_path / "celeba")
    assert [path.name for path in tmp_path.iterdir()] == ["celeba"]
    assert len(list((tmp_path / "celeba" / "train").glob("*.bin"))) == 1


def test_what_is_there_is_not_overwritten(faces: CelebA, sample_root: Path, tmp_path: Path) -> None:
    before = digests(sample_root / "celeba")
    with pytest.raises(DataError, match="already exists"):
        write_shards({"train": faces}, sample_root / "celeba")
    assert digests(sample_root / "celeba") == before
    (tmp_path / "empty").mkdir()
    write_shards({"train": faces}, tmp_path / "empty")
    assert is_sharded(tmp_path / "empty")


def test_two_writers_do_not_meet(faces: CelebA, tmp_path: Path) -> None:
    with FileLock(tmp_path / ".celeba.lock"), pytest.raises(DataError, match="another process"):
        write_shards({"train": faces}, tmp_path / "celeba")
    assert not is_sharded(tmp_path / "celeba")


def test_a_full_disk_is_noticed_beforehand(faces: CelebA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1000))
    with pytest.raises(DataError, match="do not fit"):
        write_shards({"train": faces}, tmp_path / "celeba")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "damaged"),
        ("[]", "damaged"),
        ('{"splits": {}}', "damaged"),
        ('{"format": 1, "splits": {"train": {"names": ["a"], "hair": [], "shards": []}}, "address": null}', "damaged"),
        ('{"format": 1, "splits": {"train": {"names": [], "hair": [], "shards": [3]}}, "address": null}', "damaged"),
        ('{"format": 2}', "has format 2, but this version of the project reads format 1"),
    ],
)
def test_a_bad_index_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "shards.json").write_text(text)
    with pytest.raises(DataError, match=rf"shards\.json.*{complaint}"):
        ShardIndex.load(tmp_path)


def test_the_index_counts_without_opening_a_shard(faces: CelebA, tmp_path: Path) -> None:
    write_shards({"train": faces}, tmp_path / "celeba")
    content = json.loads((tmp_path / "celeba" / "shards.json").read_text())
    assert content["splits"]["train"]["names"] == faces.names
    assert content["splits"]["train"]["hair"] == faces.labels.tolist()
