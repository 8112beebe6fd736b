from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.report.checkpoints import CheckpointState, checkpoint_state, locate


@pytest.mark.parametrize(
    ("epoch", "step", "state"),
    [
        (1, 100, CheckpointState.AS_TESTED),
        (None, 100, CheckpointState.AS_TESTED),  # older tests did not say
        (1, 99, CheckpointState.ANOTHER),
        (0, 100, CheckpointState.ANOTHER),
        (2, 200, CheckpointState.ANOTHER),
    ],
)
def test_epoch_and_step_tell_a_checkpoint_and_times_do_not(
    epoch: int | None, step: int, state: CheckpointState, save_progress: Callable[..., None], tmp_path: Path
) -> None:
    save_progress(tmp_path / "best.ckpt", epoch=1, step=100)
    for time in (1e9, 4e9):
        os.utime(tmp_path / "best.ckpt", (time, time))
        assert checkpoint_state(tmp_path / "best.ckpt", epoch, step) is state


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_a_damaged_checkpoint_is_told(
    content: bytes | None, save_progress: Callable[..., None], tmp_path: Path
) -> None:
    path = tmp_path / "best.ckpt"
    save_progress(path)
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    assert checkpoint_state(path, 1, 100) is CheckpointState.DAMAGED


def test_nothing_stands_in_for_a_checkpoint_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    named = Path("/old/checkpoints/best.ckpt")
    assert locate(named, tmp_path) == named
    assert checkpoint_state(named, 1, 100) is CheckpointState.GONE
