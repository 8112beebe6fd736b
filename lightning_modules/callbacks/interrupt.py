"""Saves a checkpoint on Ctrl-C and SIGTERM."""

from __future__ import annotations

from pathlib import Path

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_info
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lightning_modules.runs import CHECKPOINT_FOLDER, is_dry_run


class SaveOnInterrupt(Callback):
    """Saves ``last.ckpt`` when a fit is interrupted by the user or a cluster, and prints how to resume."""

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save on interrupts only; after other errors the state may be broken."""
        is_stopped = isinstance(exception, KeyboardInterrupt | SIGTERMException)
        if is_stopped and _has_begun(trainer) and not is_dry_run(trainer):
            path = Path(trainer.default_root_dir) / CHECKPOINT_FOLDER / "last.ckpt"
            trainer.save_checkpoint(path)
            rank_zero_info(f"stopped at step {trainer.global_step}; go on with: --ckpt_path {path}")


def _has_begun(trainer: Trainer) -> bool:
    """Whether a fit is running, in training or validation."""
    return trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking and trainer.global_step > 0
