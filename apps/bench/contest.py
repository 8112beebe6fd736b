"""Implementations of the same work, timed in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Contest(NamedTuple):
    """Implementations of the same work; the others are compared with the first.

    Attributes:
        title: The work.
        ways: Name -> function that processes one image.
    """

    title: str
    ways: dict[str, Callable[[int], object]]


def measure(contest: Contest, count: int, rounds: int) -> dict[str, float]:
    """Images per second of each implementation: the median over interleaved rounds of ``count`` images."""
    from statistics import median

    rates: dict[str, list[float]] = {way: [] for way in contest.ways}
    for way in contest.ways.values():
        way(0)  # warm-up
    for _ in range(rounds):
        for name, way in contest.ways.items():
            start = time.perf_counter()
            for index in range(count):
                way(index)
            rates[name].append(count / (time.perf_counter() - start))
    return {name: median(values) for name, values in rates.items()}
