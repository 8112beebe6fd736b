"""Evenly spaced subsets."""

from __future__ import annotations


def evenly(count: int, limit: int | None) -> list[int]:
    """At most ``limit`` evenly spaced, distinct numbers below ``count``; all of them without a limit.

    Example:
        >>> evenly(6, 3)
        [0, 2, 4]
    """
    taken = count if limit is None else min(limit, count)
    return [number * count // taken for number in range(taken)]
