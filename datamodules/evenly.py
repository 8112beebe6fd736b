"""A few of many, evenly spread."""

from __future__ import annotations


def evenly(count: int, limit: int | None) -> list[int]:
    """At most ``limit`` of the numbers below ``count``, evenly spread, none twice; all of them without a limit.

    Example:
        >>> evenly(6, 3)
        [0, 2, 4]
    """
    taken = count if limit is None else min(limit, count)
    return [number * count // taken for number in range(taken)]
