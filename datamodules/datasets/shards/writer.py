"""Atomic writing of shards."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from tqdm import tqdm

from datamodules.datasets.shards.index import LIBRARY_INDEX_NAME, Shard, ShardIndex, SplitIndex
from datamodules.errors import DataError
from datamodules.extras import needs_extra
from datamodules.samples import Attribute, Split
from datamodules.source import FaceFiles

DEFAULT_SHARD_BYTES = 64 << 20


def write_shards(
    sources: Mapping[Split, FaceFiles],
    folder: Path,
    *,
    shard_bytes: int = DEFAULT_SHARD_BYTES,
    address: str | None = None,
    data_set: str | None = None,
    say: Callable[[str], None] = print,
) -> ShardIndex:
    """Write the faces of a set as shards.

    The output is byte-for-byte reproducible. Every image is decoded once, to reject broken ones. The shards are written
    to a temporary folder that is renamed when complete; the next run removes the leftovers of an interrupted one.

    Args:
        sources: The faces of each split.
        folder: Output folder; must not exist, or be empty.
        shard_bytes: Approximate size of a shard in bytes.
        address: URL that the folder will be copied to and read from, such as ``s3://bucket/celeba``; training then only
            needs a local ``shards.json``.
        data_set: Name of the set in the registry, so that the shards get the same framing.
        say: Prints a progress line.

    Raises:
        DataError: The folder is in use, an image cannot be read, or the disk is full or not writable.
    """
    staging = folder.with_name(f".{folder.name}.sharding")
    try:
        with _sole_writer(folder, staging):
            _announce(sources, folder, say)
            staging.mkdir()
            index = ShardIndex(_write_splits(sources, staging, shard_bytes), address, data_set)
            index.save(staging)
            staging.replace(folder)
    except OSError as error:
        raise DataError(f"cannot write shards to {folder}: {error}") from error
    say(f"{folder} is complete")
    return index


@contextmanager
def _sole_writer(folder: Path, staging: Path) -> Iterator[None]:
    """Lock out other processes that write the same shards, and clean up unfinished ones."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} already exists; remove it, or write the shards to another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = staging.with_suffix(".lock")
    try:
        with FileLock(lock, timeout=0):
            shutil.rmtree(staging, ignore_errors=True)
            try:
                yield
            finally:
                shutil.rmtree(staging, ignore_errors=True)
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise DataError(f"another process is writing shards to {folder}") from error


def _announce(sources: Mapping[Split, FaceFiles], folder: Path, say: Callable[[str], None]) -> None:
    """Print the number and size of the shards, or raise an error if the disk is too small."""
    sizes = [source.path(index).stat().st_size for source in sources.values() for index in range(len(source))]
    free = shutil.disk_usage(folder.parent).free
    if sum(sizes) > free:
        raise DataError(f"shards of {sum(sizes):,} bytes do not fit into {folder.parent}, which has {free:,} free")
    say(f"{folder}: {len(sizes):,} faces in shards of {sum(sizes) / 1e9:.3g} GB together")


def _write_splits(sources: Mapping[Split, FaceFiles], folder: Path, shard_bytes: int) -> dict[Split, SplitIndex]:
    total = sum(len(source) for source in sources.values())
    with tqdm(total=total, desc="sharding", unit="face", disable=None) as bar:
        return {
            split: _write_split(source, folder / split, shard_bytes, bar.update) for split, source in sources.items()
        }


def _write_split(source: FaceFiles, folder: Path, shard_bytes: int, advance: Callable[[], object]) -> SplitIndex:
    with needs_extra("shards"):
        from litdata.streaming import Cache  # slow import, only needed for shards

    cache = Cache(str(folder), chunk_bytes=shard_bytes)
    digest = hashlib.sha256()
    for index, name in enumerate(source.names):
        face = source[index]
        encoded = source.path(index).read_bytes()
        # A tuple, since LitData may store dictionaries in Arrow format if that is installed.
        cache[index] = (name, face.label, face.landmarks, encoded)
        digest.update(f"{name}\0{face.label}\0{len(encoded)}\0".encode() + face.landmarks.tobytes() + encoded)
        advance()
    cache.done()
    cache.merge()
    shards = _finish_library_index(folder / LIBRARY_INDEX_NAME, digest.hexdigest())
    attributes = {each.name.lower(): source.attributes[:, each].tolist() for each in Attribute}
    return SplitIndex(source.names, source.labels.tolist(), attributes, shards)


def _finish_library_index(path: Path, digest: str) -> list[Shard]:
    """In LitData's index, replace the timestamp that identifies stale copies with a digest; return the shards."""
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "updated_at": digest}, sort_keys=True), encoding="utf-8")
    return [Shard(chunk["filename"], chunk["chunk_bytes"], chunk["chunk_size"]) for chunk in content["chunks"]]
