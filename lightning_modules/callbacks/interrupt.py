"""On Ctrl-C or SIGTERM, stops a run between two steps in all its processes and saves a checkpoint."""

from __future__ import annotations

import math
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, cast

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_info
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor

from lightning_modules.runs import CHECKPOINT_FOLDER, is_dry_run

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Signals that end a run: SIGTERM from a cluster or container, and Ctrl-C."""

INTERVAL = 0.5
"""Seconds between two exchanges among several processes, rounded up to whole training steps."""

MAX_STEPS = 100
"""Maximum number of training steps between two exchanges."""


class SaveOnInterrupt(Callback):
    """Ends a fit after Ctrl-C or SIGTERM with ``last.ckpt``, and prints how to resume.

    The run stops after the current training step or validation batch, so that the checkpoint is one that an
    uninterrupted run could have written. If one of several processes receives the signal, all stop at the same step;
    they ask each other every ``INTERVAL`` seconds, since each time makes a GPU wait. A second Ctrl-C stops immediately
    without saving.

    Attributes:
        received: The signal that this process received, if any.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._steps_left = 0
        self._asked: tuple[int, float] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replace Lightning's signal handlers, which hang if another rank than 0 receives a signal."""
        if threading.current_thread() is threading.main_thread():
            for each in SIGNALS:
                signal.signal(each, self._receive)  # Lightning restores the handlers from before the fit

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Make Lightning stop after this step."""
        self._steps_left -= 1
        if trainer.world_size == 1 or self._steps_left <= 0:
            self._stop_if_received(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make Lightning stop after this epoch."""
        self._stop_if_received(trainer)

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Stop before the next validation batch; the resumed run repeats the validation.

        Raises:
            SIGTERMException: A process received a signal.
        """
        if _has_begun(trainer) and self._any_received(trainer):
            raise SIGTERMException

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save a checkpoint and set the exit code after a signal; after other errors, the state may be invalid."""
        if isinstance(exception, SIGTERMException) and _has_begun(trainer) and not is_dry_run(trainer):
            path = Path(trainer.default_root_dir) / CHECKPOINT_FOLDER / "last.ckpt"
            trainer.save_checkpoint(path, weights_only=False)
            exception.code = 128 + (self.received or signal.SIGTERM)
            rank_zero_info(f"stopped at step {trainer.global_step}; resume with: --ckpt_path {path}")

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is signal.SIGINT and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
        hint = "; press Ctrl-C again to stop immediately without saving" if number == signal.SIGINT else ""
        rank_zero_info(f"stopping after this step{hint}")

    def _any_received(self, trainer: Trainer) -> bool:
        """Whether any process received a signal, and the steps to the next exchange; identical in all processes."""
        if trainer.world_size == 1:
            return self.received is not None
        now, step = time.monotonic(), trainer.global_step
        asked_step, asked = self._asked or (step, now)
        self._asked = step, now
        seconds_per_step = (now - asked) / (step - asked_step) if step > asked_step else 0.0
        own = [float(self.received is not None), seconds_per_step]
        tensor = torch.tensor(own, dtype=torch.float64, device=trainer.strategy.root_device)
        is_received, seconds = cast(Tensor, trainer.strategy.reduce(tensor, reduce_op="max")).tolist()
        self._steps_left = steps_between(seconds)
        return bool(is_received)

    def _stop_if_received(self, trainer: Trainer) -> None:
        if self._any_received(trainer):
            trainer._signal_connector.received_sigterm = True


def steps_between(seconds: float) -> int:
    """Number of training steps from one exchange to the next.

    Args:
        seconds: Time per step in the slowest process; 0 if it is unknown, as at the start or in a validation.
    """
    return 1 if seconds <= 0 else min(MAX_STEPS, math.ceil(INTERVAL / seconds))


def _has_begun(trainer: Trainer) -> bool:
    """Whether a fit is running, in training or validation."""
    return trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking and trainer.global_step > 0
