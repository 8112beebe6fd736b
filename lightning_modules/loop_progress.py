"""The progress of Lightning's fit loop in a checkpoint, brought into the few forms that resume exactly.

A checkpoint can be written at a dozen places between two training steps, and the counters of Lightning's loops differ
in each. From some of them Lightning repeats a step, counts an epoch twice, or leaves out a validation. What a run needs
to go on is less: epochs done, batches done of the next one, and whether the validation after them is done.
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
    """How far a fit is.

    Attributes:
        epochs: Epochs done, with all that belongs to their ends.
        batches: Batches done of the next epoch. All of them, if the end of the epoch is not done yet.
        all_batches: Batches done in all epochs.
        is_last_batch: Whether ``batches`` are all of the epoch.
    """

    epochs: int
    batches: int
    all_batches: int
    is_last_batch: bool


def progress_of_loops(loops: Mapping[str, Any]) -> Progress:
    """How far the fit loop was that a checkpoint holds."""
    epochs, batches = loops[_EPOCHS]["current"], loops[_BATCHES]
    done = batches["current"]["processed"] if epochs["started"] > epochs["processed"] else 0
    return Progress(epochs["processed"], done, batches["total"]["processed"], done > 0 and batches["is_last_batch"])


def settled(loops: LoopState, global_step: int, is_validation_due: bool) -> LoopState:
    """The state of a fit loop as if the checkpoint had been written between two steps.

    Args:
        loops: The state as Lightning wrote it; left as it is.
        global_step: Training steps done.
        is_validation_due: Whether the validation after the last batch, if there is to be one, is still to be run.
    """
    progress = progress_of_loops(loops)
    begun = progress.epochs + (progress.batches > 0)
    epochs = {"ready": begun, "completed": progress.epochs, "started": begun, "processed": progress.epochs}
    current, total = _all(progress.batches), _all(progress.all_batches)
    # "Begun, but not one batch is through" makes Lightning run it; any settled count makes it leave it out.
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
