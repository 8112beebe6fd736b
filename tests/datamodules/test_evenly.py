from __future__ import annotations

import pytest

from datamodules.evenly import evenly


@pytest.mark.parametrize(("limit", "expected"), [(None, range(7)), (9, range(7)), (3, [0, 2, 4]), (1, [0])])
def test_a_limit_spreads_over_the_whole(limit: int | None, expected: list[int]) -> None:
    assert evenly(7, limit) == list(expected)
