from __future__ import annotations

import subprocess
from typing import Any

import pytest

from apps.bench.threads import POLICIES, measure_policies
from apps.main import main


def test_both_policies_are_measured_beside_busy_processes_that_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    words = ["bench", "threads", "--threads", "1", "--busy", "1", "--steps", "1", "--rounds", "1"]
    assert main(words) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert len(rows) == 2 * len(POLICIES)
    assert "and 1 busy processes" in rows[len(POLICIES)]
    assert len(started) == 2 * len(POLICIES) + 1
    assert all(process.poll() is not None for process in started)


def test_more_steps_take_more_time() -> None:
    few, many = (measure_policies(1, 0, steps, 1) for steps in (1, 20))
    for policy in POLICIES:
        assert 0 < few[policy].cpu < many[policy].cpu
