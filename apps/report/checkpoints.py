"""Checks whether a tested checkpoint still exists and is unchanged."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from lightning_modules.runs import CHECKPOINT_FOLDER


class CheckpointState(StrEnum):
    """State of a tested checkpoint; the values complete a sentence that starts with the file name."""

    AS_TESTED = "is unchanged since the test"
    ANOTHER = "is from another step than the tested one"
    DAMAGED = "is damaged"
    GONE = "does not exist any more"


def locate(named: Path, home: Path) -> Path:
    """The file named by a test; if missing, the file with its name in the run folder, which may have moved."""
    moved = home / CHECKPOINT_FOLDER / named.name
    return moved if moved.is_file() and not named.is_file() else named


def checkpoint_state(path: Path, epoch: int | None, step: int) -> CheckpointState:
    """Compare a file with the epoch and step that a test recorded; file times are ignored, since copies change them.

    Args:
        path: The file.
        epoch: Recorded epoch; None if unknown.
        step: Recorded step.
    """
    from lightning_modules.checkpoints import progress_of
    from lightning_modules.errors import UsageError

    if not path.is_file():
        return CheckpointState.GONE
    try:
        reached = progress_of(path)
    except UsageError:
        return CheckpointState.DAMAGED
    is_same = reached == (reached[0] if epoch is None else epoch, step)
    return CheckpointState.AS_TESTED if is_same else CheckpointState.ANOTHER
