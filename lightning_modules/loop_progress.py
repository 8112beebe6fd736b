"""Normalises the progress of Lightning's fit loop in a checkpoint, so that it resumes exactly.

A checkpoint can be written at a dozen points between two training steps, and the counters of Lightning's loops differ
in each. From some of them Lightning repeats a step, counts an epoch twice, or skips a validation. Resuming only needs
the number of completed epochs, of completed batches in the next one, and whether the validation after them is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

LoopState = dict[str, Any]
"""State of a fit loop, ``checkpoint["loops"]["fit_loop"]``: counters by name of the loop and attribute."""

_EPOCHS = "epoch_progress"
_BATCHES = "epoch_loop.batch_progress"
_VALIDATION = "epoch_loop.val_loop.batch_progress"
_LOGGED = "epoch_loop.state_dict"


class Progress(NamedTuple):
    """Progress of a fit.

    Attributes:
        epochs: Completed epochs, including their end-of-epoch hooks.
        batches: Completed batches of the next epoch; all of them if only the end-of-epoch hooks are missing.
        all_batches: Completed batches of all epochs.
        is_last_batch: Whether ``batches`` includes the last batch of the epoch.
    """

    epochs: int
    batches: int
    all_batches: int
    is_last_batch: bool


def progress_of_loops(loops: Mapping[str, Any]) -> Progress:
    """Read the progress from the fit loop's state in a checkpoint."""
    epochs, batches = loops[_EPOCHS]["current"], loops[_BATCHES]
    done = batches["current"]["processed"] if epochs["started"] > epochs["processed"] else 0
    return Progress(epochs["processed"], done, batches["total"]["processed"], done > 0 and batches["is_last_batch"])


def settled(loops: LoopState, global_step: int, is_validation_due: bool) -> LoopState:
    """Normalise the state of a fit loop, as if the checkpoint had been written between two steps.

    Args:
        loops: The state as written by Lightning; not modified.
        global_step: Completed training steps.
        is_validation_due: Whether a scheduled validation after the last batch has not been run yet.
    """
    progress = progress_of_loops(loops)
    begun = progress.epochs + (progress.batches > 0)
    epochs = {"ready": begun, "completed": progress.epochs, "started": begun, "processed": progress.epochs}
    current, total = _all(progress.batches), _all(progress.all_batches)
    # Lightning runs a validation that was started but has no completed batch; with any other count, it skips it.
    validation = {"ready": 1, "completed": 0, "started": 1, "processed": 0} if is_validation_due else _all(0)
    return {
        **loops,
        _EPOCHS: {"total": epochs, "current": dict(epochs)},
        _BATCHES: {
            "total": total,
            "current": current,
            "is_last_batch": progress.is_last_batch,
        },
        _VALIDATION: {**loops[_VALIDATION], "total": validation, "current": dict(validation)},
        _LOGGED: {**loops[_LOGGED], "_batches_that_stepped": global_step},
    }


def _all(count: int) -> dict[str, int]:
    return dict.fromkeys(("ready", "completed", "started", "processed"), count)
