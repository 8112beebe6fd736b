"""A run that is killed at random moments, again and again, ends as one that never was.

Children are forked from one process that has imported everything, so a start takes a fraction of a second.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
import warnings
from ctypes import c_int
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_modules.callbacks import ExactResume
from lightning_modules.checkpoint_io import VerifiedCheckpointIO, find_damage
from tests.lightning_modules.golden import DrawnData, make_model
from tests.lightning_modules.states import compared, differences

SAVED_EVERY = 2
"""Steps between checkpoints."""

LAST = "last.ckpt"


class Outcome(NamedTuple):
    """What came of a run that was killed.

    Attributes:
        kills: How often it was killed.
        damaged: Kills after which ``last.ckpt`` was damaged.
        most_lost: Most steps that a kill cost.
        left_behind: Files beside ``last.ckpt`` at the end.
        differences: Where the final checkpoint differs from that of a run that was never killed.
    """

    kills: int
    damaged: int
    most_lost: int
    left_behind: list[str]
    differences: list[str]


class _Counter(Callback):
    def __init__(self, step: Any) -> None:
        self.step = step

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self.step.value = trainer.global_step


def _train(folder: Path, epochs: int, step: Any) -> None:
    """Train in ``folder`` to the end, from its checkpoint if it has one."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    every = ModelCheckpoint(
        folder, "last", every_n_train_steps=SAVED_EVERY, save_on_train_epoch_end=False, enable_version_counter=False
    )
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[_Counter(step), every, ExactResume()],
        plugins=[VerifiedCheckpointIO()],
    )
    last = folder / LAST
    trainer.fit(
        make_model("baseline"), datamodule=DrawnData(), ckpt_path=last if last.is_file() else None, weights_only=True
    )
    trainer.save_checkpoint(folder / "end.ckpt", weights_only=False)


def run_with_kills(folder: Path, kills: int, epochs: int, seed: int = 0) -> Outcome:
    """Train with up to ``kills`` SIGKILLs, each a few steps after a start or before its first step; resume each time.

    Args:
        folder: For checkpoints.
        kills: Kills to make; fewer, if the run ends before.
        epochs: Length of the run, of ``golden.STEPS_PER_EPOCH`` steps each.
        seed: Decides the moments.
    """
    context, rng = multiprocessing.get_context("fork"), random.Random(seed)
    whole, part = folder / "whole", folder / "part"
    for each in (whole, part):
        each.mkdir()
    step = context.Value(c_int, -1)
    child = context.Process(target=_train, args=(whole, epochs, step))
    child.start()
    child.join()
    made, damaged, most_lost = 0, 0, 0
    while not (part / "end.ckpt").is_file():
        step.value = -1
        child = context.Process(target=_train, args=(part, epochs, step))
        child.start()
        if made < kills:
            _wait(child, step, rng.randint(0, 5))
            time.sleep(rng.random() * 0.03)
            if child.is_alive() and child.pid:
                os.kill(child.pid, signal.SIGKILL)
                made += 1
        child.join()
        if child.exitcode not in {0, -signal.SIGKILL}:
            raise RuntimeError(f"a child ended with exit code {child.exitcode}")
        last = part / LAST
        if last.is_file():
            damaged += find_damage(last) is not None
            most_lost = max(most_lost, step.value - torch.load(last, weights_only=True)["global_step"])
    ours, theirs = (compared(torch.load(each / "end.ckpt", weights_only=True)) for each in (part, whole))
    left = sorted(path.name for path in part.iterdir() if path.name not in {LAST, "end.ckpt"})
    return Outcome(made, damaged, most_lost, left, differences(ours, theirs))


def _wait(child: Any, step: Any, steps: int) -> None:
    """Wait until a child has made that many steps; with 0 it may still be on its way to the first."""
    first = -1
    while child.is_alive() and steps:
        if first < 0:
            first = step.value
        elif step.value >= first + steps:
            return
        time.sleep(0.002)
