from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lightning_modules.golden import STEPS_PER_EPOCH
from tests.lightning_modules.random_kills import SAVED_EVERY, run_with_kills

KILLS = int(os.environ.get("RANDOM_KILLS", "5"))
"""``RANDOM_KILLS=100 pytest tests/lightning_modules/test_random_kills.py`` makes the long version."""


@pytest.mark.timeout(60 + 30 * KILLS)
def test_a_run_killed_at_random_ends_as_one_that_never_was(tmp_path: Path) -> None:
    outcome = run_with_kills(tmp_path, KILLS, epochs=1 + 3 * KILLS // STEPS_PER_EPOCH)
    print(outcome)
    assert outcome.kills >= 0.8 * KILLS
    assert outcome.damaged == 0
    assert outcome.most_lost <= SAVED_EVERY
    assert outcome.left_behind == []
    assert outcome.differences == []
