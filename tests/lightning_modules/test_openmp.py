from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lightning_modules.openmp import BRIEF, SPIN_COUNT, WAIT_POLICY, let_threads_sleep


def test_what_the_user_chose_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SPIN_COUNT, "5")
    monkeypatch.delenv(WAIT_POLICY, raising=False)
    let_threads_sleep()
    assert os.environ[SPIN_COUNT] == "5"
    monkeypatch.delenv(SPIN_COUNT)
    monkeypatch.setenv(WAIT_POLICY, "ACTIVE")
    let_threads_sleep()
    assert SPIN_COUNT not in os.environ
    monkeypatch.delenv(WAIT_POLICY)
    let_threads_sleep()
    assert os.environ[SPIN_COUNT] == BRIEF


@pytest.mark.parametrize(
    "command",
    [
        ["lightning_modules", "fit", "--config=configs/cyclegan_baseline.yaml", "--help"],
        ["apps", "weights", "show", "weights/portrait.safetensors"],
    ],
)
def test_pytorch_s_threads_sleep_in_both_commands(command: list[str]) -> None:
    """The OpenMP runtime itself says how long threads spin when PyTorch loaded it."""
    environment = {name: value for name, value in os.environ.items() if name not in {WAIT_POLICY, SPIN_COUNT}}
    program = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert program.returncode == 0, program.stderr
    if "OPENMP DISPLAY ENVIRONMENT" not in program.stderr:
        pytest.skip("PyTorch's OpenMP runtime does not show its settings here")
    assert f"GOMP_SPINCOUNT = '{BRIEF}'" in program.stderr
