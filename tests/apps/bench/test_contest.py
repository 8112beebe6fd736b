from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from apps.bench.contest import Contest, measure


def test_rates_are_the_median_of_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    def takes(*seconds: float) -> Callable[[int], None]:
        """A way that takes so long an image, round by round of ten; the first call warms up."""
        calls = iter([0.0, *(value for value in seconds for _ in range(10))])

        def way(index: int) -> None:
            nonlocal now
            now += next(calls)

        return way

    rates = measure(Contest("waiting", {"slow": takes(0.1, 0.2, 5.0), "fast": takes(0.01, 0.01, 0.01)}), 10, 3)
    assert rates == pytest.approx({"slow": 5.0, "fast": 100.0})
