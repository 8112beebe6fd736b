from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.detector.memory import ImageMemory


class Counting:
    def __init__(self) -> None:
        self.reads: list[str] = []

    def __call__(self, path: Path) -> NDArray[np.uint8]:
        self.reads.append(path.name)
        return np.full((100, 100, 1), int(path.name), dtype=np.uint8)


def test_the_least_recently_used_image_is_dropped_first() -> None:
    read = Counting()
    memory = ImageMemory(read, megabytes=0.02)  # two images
    for name in "0", "1", "0", "2", "0", "1":
        assert memory(Path(name))[0, 0, 0] == int(name)
    assert read.reads == ["0", "1", "2", "1"]


def test_a_limit_of_zero_caches_nothing() -> None:
    read = Counting()
    memory = ImageMemory(read, megabytes=0)
    assert [memory(Path("3"))[0, 0, 0] for _ in range(2)] == [3, 3]
    assert read.reads == ["3", "3"]
