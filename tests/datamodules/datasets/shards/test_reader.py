from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import numpy as np
import pytest

from datamodules.datasets.shards.reader import ShardReader, StoredFace


class Jealous:
    """Stands in for LitData's reader, which has a state and so must serve one thread at a time."""

    def __init__(self) -> None:
        self.busy = 0

    def __getitem__(self, index: int) -> StoredFace:
        self.busy += 1
        sleep(0.001)
        assert self.busy == 1
        self.busy -= 1
        return StoredFace(f"{index}.jpg", 0, np.zeros((5, 2), np.float32), b"image")


def test_threads_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("litdata.StreamingDataset", lambda *_, **__: Jealous())
    reader = ShardReader("somewhere", shards=1)
    with ThreadPoolExecutor(4) as pool:
        faces = list(pool.map(reader.read, range(40)))
    assert [face.name for face in faces] == [f"{index}.jpg" for index in range(40)]
