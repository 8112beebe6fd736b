"""Logs the time of training steps by phase, and warns if a run waits for data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from torch.optim import Optimizer

from lightning_modules.memory import largest_memory

MAX_WAITING = 0.5
"""Fraction of the time spent waiting for data that causes a warning."""

MIN_STEPS = 20
"""Number of steps required for a meaningful fraction."""


class StepTimes(Callback):
    """Logs step times in seconds, throughput, memory and the gradient scale every ``log_every_n_steps`` steps.

    =========================  =====================================================================================
    ``time/data``              waiting for the next batch
    ``time/generators``        until the first optimiser's step: forward and backward passes of the generators
    ``time/discriminators``    the rest of a step, including the generators' optimiser
    ``time/step``              a step of a module with one optimiser
    ``samples_per_second``     over all processes, including data loading; for a CycleGAN, pairs
    ``memory_mib``             peak memory so far: allocated by PyTorch on a GPU, or of the whole process
    ``gradient_scale``         loss scale with fp16
    =========================  =====================================================================================

    Times are measured on the host. A GPU runs asynchronously, so its phases are approximate; ``samples_per_second`` is
    accurate. Validation, checkpoints and the first batch of an epoch are excluded. If half of the time is spent waiting
    for data, a warning is issued once.
    """

    def __init__(self) -> None:
        self._is_warned = False
        self._sums: dict[str, float] = {}
        self._steps = self._samples = 0
        self._started = 0.0
        self._generators_done: float | None = None
        self._ended: float | None = None

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Start the clock of a step."""
        self._started = time.perf_counter()
        self._generators_done = None

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Record the time before the step of the first of several optimisers."""
        if self._generators_done is None and len(trainer.optimizers) > 1:
            self._generators_done = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add up the step, and log every ``log_every_n_steps`` steps."""
        now = time.perf_counter()
        if self._ended is not None:
            self._add("time/data", self._started - self._ended)
            if self._generators_done is None:
                self._add("time/step", now - self._started)
            else:
                self._add("time/generators", self._generators_done - self._started)
                self._add("time/discriminators", now - self._generators_done)
            self._steps += 1
            self._samples += size_of(batch) * trainer.world_size
        interval: int = trainer.log_every_n_steps  # type: ignore[attr-defined]  # Lightning sets it from a connector
        if self._steps and trainer.global_step % interval == 0:
            self._log(trainer, pl_module)
        self._ended = time.perf_counter()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Exclude the time until the next step."""
        self._ended = None

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Exclude the time until the next step."""
        self._ended = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Exclude the time until the next step."""
        self._ended = None

    def _add(self, name: str, seconds: float) -> None:
        self._sums[name] = self._sums.get(name, 0.0) + seconds

    def _log(self, trainer: Trainer, pl_module: LightningModule) -> None:
        total = sum(self._sums.values())
        values = {name: seconds / self._steps for name, seconds in self._sums.items()}
        values["samples_per_second"] = self._samples / total
        values["memory_mib"] = largest_memory(pl_module.device) / 2**20
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        if scaler is not None:
            values["gradient_scale"] = float(scaler.get_scale())
        pl_module.log_dict(values, batch_size=1)
        waiting = self._sums["time/data"] / total
        if waiting > MAX_WAITING and self._steps >= MIN_STEPS and not self._is_warned:
            self._is_warned = True
            rank_zero_warn(
                f"{waiting:.0%} of the time is spent waiting for data: increase --data.num_workers or set "
                '--data.cache_dir (docs/troubleshooting.md, "The GPU waits")'
            )
        self._sums, self._steps, self._samples = {}, 0, 0


def size_of(batch: object) -> int:
    """The length of a batch's first tensor."""
    first = next(_tensors(batch), None)
    return 0 if first is None else len(first)


def _tensors(batch: object) -> Iterator[Tensor]:
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, tuple | list):
        for each in batch:
            yield from _tensors(each)
    elif isinstance(batch, dict):
        yield from _tensors(list(batch.values()))
