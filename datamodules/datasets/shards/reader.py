"""What one process reads shards with."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datamodules.extras import needs_extra

if TYPE_CHECKING:
    from litdata import StreamingDataset


class StoredFace(NamedTuple):
    """A face as it lies in a shard.

    Attributes:
        name: Its name in the set that was sharded.
        hair: A ``HairColour``, or ``NO_HAIR_COLOUR``.
        landmarks: ``(5, 2)`` float32 pixels of the image; NaN where they are unknown.
        encoded: The image file.
    """

    name: str
    hair: int
    landmarks: NDArray[np.float32]
    encoded: bytes


class ShardReader:
    """Reads single faces of one split; safe to share between the threads of a process, but not between processes.

    Args:
        address: A folder, whose shards are mapped into memory, or an object store's address, of which only the bytes of
            the wanted face are fetched.
        shards: How many shards there are.
    """

    def __init__(self, address: str, shards: int) -> None:
        self._address = address
        self._shards = shards
        self._lock = Lock()
        self._dataset: StreamingDataset | None = None

    def read(self, index: int) -> StoredFace:
        """The face of that number."""
        with self._lock:
            name, hair, landmarks, encoded = self._open()[index]
            return StoredFace(name, int(hair), np.array(landmarks), bytes(encoded))

    def _open(self) -> StreamingDataset:
        if self._dataset is None:
            with needs_extra("shards"):
                from litdata import StreamingDataset  # seconds to import, and nothing but shards needs it

            # The defaults suit reading from start to end: they decode neighbours with a face, and keep 4 shards mapped,
            # so that draws, which jump about, would map and read ahead a whole shard for each face.
            self._dataset = StreamingDataset(self._address, batch_decode=1, max_pre_download=self._shards)
        return self._dataset
