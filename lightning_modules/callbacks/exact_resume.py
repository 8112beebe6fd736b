"""Makes a resumed run bit-for-bit identical to an uninterrupted one."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict, cast

from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.seed import reset_seed
from lightning.pytorch.trainer.states import TrainerFn
from torch import distributed

from lightning_modules.errors import UsageError
from lightning_modules.loop_progress import progress_of_loops, settled
from lightning_modules.random_states import RandomStates, random_states, set_random_states
from networks.image_pool import ImagePool, PoolState

KEY = "exact_resume"
"""Key of the ``ResumeState`` in a checkpoint."""


class ProcessState(TypedDict):
    """State that differs between the processes of a run.

    Attributes:
        random: States of the random generators.
        pools: States of the image pools by module name; absent for the first process, whose pools are in the weights.
    """

    random: RandomStates
    pools: NotRequired[dict[str, PoolState]]


class ResumeState(TypedDict):
    """Additional state in a checkpoint.

    Attributes:
        processes: One state per process, by rank.
        validated_batches: Number of training batches at the last completed validation; -1 if there was none.
    """

    processes: list[ProcessState]
    validated_batches: int


class ExactResume(Callback):
    """Saves random states and image pools of all processes, and resumes at the exact step.

    A checkpoint may be written after any training step, during a validation, or at the end of an epoch. If it is
    written after the last step of an epoch, the resumed run still performs that epoch's validation and learning rate
    step. Lightning alone restores none of this.

    Args:
        force: Resume even with another number of processes than that of the checkpoint. Additional processes start with
            the first process's pools, and with random states from the seed.
    """

    def __init__(self, force: bool = False) -> None:
        self._force = force
        self._validated_batches = -1
        self._before_validation: RandomStates | None = None
        self._is_resumed = False
        self._to_restore: RandomStates | None = None

    # Saving

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the random states, since a checkpoint during a validation resumes at its start."""
        self._before_validation = None if trainer.sanity_checking else random_states()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record that the validation is complete."""
        self._before_validation = None
        if not trainer.sanity_checking:
            self._validated_batches = _epoch_loop(trainer).batch_progress.total.processed

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add the ``ResumeState``; called in all processes."""
        own = ProcessState(random=self._before_validation or random_states())
        if trainer.global_rank > 0:
            own["pools"] = {name: pool.get_extra_state() for name, pool in _pools(pl_module).items()}
        gathered = gather_to_first(own, trainer)
        checkpoint[KEY] = ResumeState(processes=gathered, validated_batches=self._validated_batches)

    # Restoring

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Restore the pools, and adjust the loops' counters so that Lightning resumes exactly.

        Raises:
            UsageError: The number of processes differs from the checkpoint's.
        """
        if trainer.state.fn != TrainerFn.FITTING or KEY not in checkpoint:
            return
        state = cast(ResumeState, checkpoint[KEY])
        processes = state["processes"]
        if len(processes) != trainer.world_size and not self._force:
            raise UsageError(
                f"the checkpoint was written by {len(processes)} process(es), this run has {trainer.world_size}; "
                "its random states and image pools are per process\n"
                "use the same number (--trainer.devices, --trainer.num_nodes), or resume with --force"
            )
        if trainer.global_rank < len(processes):
            own = processes[trainer.global_rank]
            self._to_restore = own["random"]
            pools = _pools(pl_module)
            for name, pool_state in own.get("pools", {}).items():
                pools[name].set_extra_state(pool_state)
        self._is_resumed = True
        loops = checkpoint["loops"]
        self._validated_batches = state["validated_batches"]
        progress = progress_of_loops(loops["fit_loop"])
        is_due = progress.batches > 0 and progress.all_batches > self._validated_batches
        loops["fit_loop"] = settled(loops["fit_loop"], int(checkpoint["global_step"]), is_due)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the random states last, and resume the training loop at its batch."""
        if not self._is_resumed:
            if trainer.world_size > 1:
                reset_seed()  # connecting the processes may have used random numbers in some of them
            return
        loop, fetcher = _epoch_loop(trainer), cast(Any, trainer.fit_loop._data_fetcher)
        # Restart the loader: a schedule that needs the number of steps may have opened it before the loops' progress
        # was restored, so that it began at the first epoch.
        iter(fetcher)
        fetcher.done = fetcher.done or loop.batch_progress.is_last_batch
        if loop.batch_progress.current.processed == 0:
            loop.restarting = False  # a new epoch; with `max_steps`, Lightning treats it as an interrupted one
        elif loop._should_check_val_fx(fetcher):
            loop._batches_that_stepped -= 1  # Lightning runs an empty step and counts it
        if self._to_restore is not None:
            set_random_states(self._to_restore)
        self._is_resumed, self._to_restore = False, None


def gather_to_first(state: ProcessState, trainer: Trainer) -> list[ProcessState]:
    """The states of all processes by rank in the first process; in others, only their own."""
    if trainer.world_size == 1:
        return [state]
    gathered: list[Any] | None = [None] * trainer.world_size if trainer.is_global_zero else None
    distributed.gather_object(state, gathered)
    return [state] if gathered is None else gathered


def _epoch_loop(trainer: Trainer) -> Any:
    return trainer.fit_loop.epoch_loop


def _pools(module: LightningModule) -> dict[str, ImagePool]:
    return {name: each for name, each in module.named_modules() if isinstance(each, ImagePool)}
