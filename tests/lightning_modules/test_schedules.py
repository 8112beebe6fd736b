from __future__ import annotations

import pytest

from lightning_modules.schedules import fade_factor, ramp_factor


@pytest.mark.parametrize(("step", "expected"), [(0, 0.0), (99, 0.0), (100, 0.2), (103, 0.8), (104, 1.0), (500, 1.0)])
def test_a_weight_rises_from_its_start(step: int, expected: float) -> None:
    assert ramp_factor(step, start=100, length=4) == pytest.approx(expected)


def test_without_a_ramp_a_weight_is_there_at_once() -> None:
    assert [ramp_factor(step, start=2, length=0) for step in range(4)] == [0, 0, 1, 1]


def test_a_weight_fades_to_nothing_and_stays_there() -> None:
    assert [fade_factor(step, 4) for step in (0, 1, 4, 9)] == pytest.approx([1.0, 0.75, 0.0, 0.0])
    assert fade_factor(1_000_000, 0) == 1.0
