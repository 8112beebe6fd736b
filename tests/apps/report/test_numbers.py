from __future__ import annotations

import pytest

from apps.report.numbers import decimals_for, printed


@pytest.mark.parametrize(
    ("values", "spreads", "decimals"),
    [
        ([81.234], [1.3], 1),
        ([0.12345], [0.0043], 4),
        ([0.12345], [0.00001], 4),  # four digits are enough
        ([1834.5], [0.5], 0),
        ([1834.5, 0.2], [], 0),
        ([0.01234], [], 4),
        ([12.345, 3.2], [], 1),
        ([0.0], [], 0),
        ([0.0], [0.012], 3),
        ([], [], 0),
        ([5.5], [0.0], 2),
    ],
)
def test_numbers_have_as_many_decimals_as_their_spread_bears(
    values: list[float], spreads: list[float], decimals: int
) -> None:
    assert decimals_for(values, spreads) == decimals


def test_signs_are_true_minuses_and_zero_has_none() -> None:
    assert printed(-1.25, 1) == "\N{MINUS SIGN}1.2"
    assert printed(-0.0004, 2) == "0.00"
