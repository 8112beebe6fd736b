"""How PyTorch's threads wait on a CPU."""

from __future__ import annotations

import os

WAIT_POLICY = "OMP_WAIT_POLICY"


def let_threads_sleep() -> None:
    """Let OpenMP threads sleep when they wait for each other, unless ``OMP_WAIT_POLICY`` says otherwise.

    By default they spin. On a machine with other work they take each other's cores, and a step becomes many times
    slower (``cartoongan bench threads``). Only effective before PyTorch is imported; child processes inherit it.
    """
    os.environ.setdefault(WAIT_POLICY, "PASSIVE")
