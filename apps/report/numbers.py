"""Formatting of numbers, with as many decimals as their spread justifies, uniform within a column."""

from __future__ import annotations

import math
from collections.abc import Iterable

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"

_MOST_DIGITS = 4
_WITHOUT_SPREAD = 3


def decimals_for(values: Iterable[float], spreads: Iterable[float]) -> int:
    """Number of decimals of a column.

    Args:
        values: The values to print.
        spreads: The spreads of some of them.

    Returns:
        The number for which the smallest spread has two significant digits, but no value more than four; without
        spreads, the largest value has three.
    """
    largest = max((abs(value) for value in values), default=0.0)
    smallest_spread = min((spread for spread in spreads if spread > 0), default=0.0)
    if not largest and not smallest_spread:
        return 0
    most = _decimals(largest, _MOST_DIGITS) if largest else _decimals(smallest_spread, 2)
    wanted = _decimals(smallest_spread, 2) if smallest_spread else _decimals(largest, _WITHOUT_SPREAD)
    return max(0, min(most, wanted))


def printed(value: float, decimals: int) -> str:
    """Format a number with a Unicode minus sign, and without one for zero."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def _decimals(value: float, digits: int) -> int:
    """Number of decimals for a number of significant digits of a positive value."""
    return digits - 1 - math.floor(math.log10(value))
