"""The shard reader of one process."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datamodules.extras import needs_extra

if TYPE_CHECKING:
    from litdata import StreamingDataset


class StoredFace(NamedTuple):
    """A face as stored in a shard.

    Attributes:
        name: Its name in the original set.
        hair: A ``HairColour``, or ``NO_HAIR_COLOUR``.
        landmarks: ``(5, 2)`` float32 pixels of the image; NaN where unknown.
        encoded: The encoded image file.
    """

    name: str
    hair: int
    landmarks: NDArray[np.float32]
    encoded: bytes


class ShardReader:
    """Reads single faces of one split; thread-safe, but must not be shared between processes.

    Args:
        address: A folder, whose shards are memory-mapped, or an object store URL, from which only the bytes of the
            requested face are fetched.
        shards: Number of shards.
    """

    def __init__(self, address: str, shards: int) -> None:
        self._address = address
        self._shards = shards
        self._lock = Lock()
        self._dataset: StreamingDataset | None = None

    def read(self, index: int) -> StoredFace:
        """Read the face with this index."""
        with self._lock:
            name, hair, landmarks, encoded = self._open()[index]
            return StoredFace(name, int(hair), np.array(landmarks), bytes(encoded))

    def _open(self) -> StreamingDataset:
        if self._dataset is None:
            with needs_extra("shards"):
                from litdata import StreamingDataset  # slow import, only needed for shards

            # The defaults are for sequential reading: they decode neighbouring faces and keep only 4 shards mapped, so
            # random access would map and read ahead a whole shard per face.
            self._dataset = StreamingDataset(self._address, batch_decode=1, max_pre_download=self._shards)
        return self._dataset
