"""Whether a tested checkpoint is still there and unchanged."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from lightning_modules.runs import CHECKPOINT_FOLDER


class CheckpointState(StrEnum):
    """What has become of the checkpoint that a test was of; the values end a sentence that begins with the file."""

    AS_TESTED = "is as it was tested"
    ANOTHER = "is of another step than the one that was tested"
    DAMAGED = "is damaged"
    GONE = "is gone"


def locate(named: Path, home: Path) -> Path:
    """The file that a test names; where that is gone, the one of its name in the run's home, which may have moved."""
    moved = home / CHECKPOINT_FOLDER / named.name
    return moved if moved.is_file() and not named.is_file() else named


def checkpoint_state(path: Path, epoch: int | None, step: int) -> CheckpointState:
    """What has become of a file that was tested at this epoch and step; copies have other times, so these do not count.

    Args:
        path: The file.
        epoch: As the test recorded it; None if it did not.
        step: As the test recorded it.
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
