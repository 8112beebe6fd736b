"""How PyTorch's threads wait on a CPU."""

from __future__ import annotations

import os

WAIT_POLICY, SPIN_COUNT = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"

BRIEF = "1000"
"""Turns that a waiting thread spins before it sleeps; GNU OpenMP's default is 300,000."""


def let_threads_sleep() -> None:
    """Let OpenMP threads sleep when they wait longer for each other, unless the environment says how to wait.

    By default they spin for long. On a machine with other work they take each other's cores, and a step becomes many
    times slower. Without any spinning, small steps are slower on an idle machine (``cartoongan bench threads``). Only
    effective before PyTorch is imported; child processes inherit it.
    """
    if WAIT_POLICY not in os.environ:
        os.environ.setdefault(SPIN_COUNT, BRIEF)
