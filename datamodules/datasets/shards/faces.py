"""Random access to sharded faces, safe for multiple processes and threads."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from datamodules.datasets.shards.index import INDEX_NAME, LIBRARY_INDEX_NAME, ShardIndex
from datamodules.datasets.shards.reader import ShardReader, StoredFace
from datamodules.errors import DataError
from datamodules.images import decode_rgb
from datamodules.samples import UNKNOWN, Attribute, RawFace, Split
from datamodules.source import fingerprint_of


class ShardedFaces(Dataset[RawFace]):
    """The faces of one split, identical to those of the original set.

    The ``path`` of a face is that of its shard, followed by its name.

    Args:
        folder: Contains ``shards.json`` and, unless that has an address, the folders of the splits.
        split: One of the sharded splits.

    Attributes:
        names: Names in the original set.
        labels: ``(N,)`` int64: a ``HairColour``, or ``NO_HAIR_COLOUR``.
        attributes: ``(N, A)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.

    Raises:
        DataError: The index is missing, damaged or of another format, the split was not sharded, or a shard is missing
            or truncated; the message names it.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        index = ShardIndex.load(folder)
        if split not in index.splits:
            raise DataError(f"the shards in {folder} contain {', '.join(index.splits)}, but not '{split}'")
        part = index.splits[split]
        self.folder = folder
        self.names = part.names
        self.labels: NDArray[np.int64] = np.array(part.hair, dtype=np.int64)
        columns = [part.attributes.get(attribute.name.lower(), [UNKNOWN] * len(part.names)) for attribute in Attribute]
        self.attributes: NDArray[np.int64] = np.array(columns, dtype=np.int64).T
        self._split = split
        self._shards = part.shards
        self._ends = np.cumsum([shard.faces for shard in part.shards])
        is_here = index.address is None or (folder / split).is_dir()
        if is_here:
            self._check_files()
        self._address = str(folder / split) if is_here else f"{index.address}/{split}"
        self._readers: dict[int, ShardReader] = {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        index = range(len(self))[index]
        path = self._path_of(index)
        stored = self._read(index, path)
        if stored.name != self.names[index]:
            raise DataError(
                f"{path.parent} has {stored.name} where {self.folder / INDEX_NAME} has {self.names[index]};"
                " they do not belong together; write the shards again"
            )
        image = decode_rgb(stored.encoded, path)
        return RawFace(image, stored.landmarks, stored.hair, path, self.attributes[index])

    def fingerprint(self) -> str:
        """Changes with the index and the shards."""
        return fingerprint_of(self.folder, [INDEX_NAME, *(f"{self._split}/{shard.file}" for shard in self._shards)])

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_readers": {}}

    def _read(self, index: int, path: Path) -> StoredFace:
        # Forked processes need their own reader, since the parent's is tied to its threads.
        reader = self._readers.setdefault(os.getpid(), ShardReader(self._address, len(self._shards)))
        try:
            return reader.read(index)
        except Exception as error:  # the library raises arbitrary errors on damaged files or lost connections
            raise DataError(f"cannot read {path} from {self._address}: {error}") from error

    def _path_of(self, index: int) -> Path:
        shard = self._shards[int(np.searchsorted(self._ends, index, side="right"))]
        return self.folder / self._split / shard.file / self.names[index]

    def _check_files(self) -> None:
        """Reject missing or truncated shards before training starts."""
        folder = self.folder / self._split
        for name in (LIBRARY_INDEX_NAME, *(shard.file for shard in self._shards)):
            if not (folder / name).is_file():
                raise DataError(f"no such file: {folder / name}; copy it again, or write the shards again")
        for shard in self._shards:
            path = folder / shard.file
            size = path.stat().st_size
            if size != shard.size:
                raise DataError(f"{path} has {size:,} bytes instead of {shard.size:,}; copy it again")
