"""Logs where the time of training steps goes, and says if a run waits for its data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from torch.optim import Optimizer

from lightning_modules.memory import largest_memory

STARVED_SHARE = 0.5
"""Share of the time that a run may wait for data before it says so."""

MIN_STEPS = 20
"""Steps after which a share of the time means something."""


class StepTimes(Callback):
    """Logs seconds of a step, samples a second, memory and the gradient scale every ``log_every_n_steps`` steps.

    =========================  =====================================================================================
    ``time/data``              waiting for the next batch
    ``time/generators``        up to the first optimiser's step: forward and backward passes of the generators
    ``time/discriminators``    the rest of a step, the generators' optimiser included
    ``time/step``              a step of a module with one optimiser
    ``samples_per_second``     of all processes, data included; of a CycleGAN pairs
    ``memory_mib``             largest memory so far: on a GPU what PyTorch allocated, else of the whole process
    ``gradient_scale``         factor of the losses in 16 bit
    =========================  =====================================================================================

    Times are those of the host. A GPU works behind it, so the split is approximate there; ``samples_per_second`` is
    not.
    Validation, checkpoints and the first batch of an epoch are left out. If half of the time is waiting for data, the
    run says so once.
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
        """Note when the first of several optimisers is about to step."""
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
        """Leave the time out."""
        self._ended = None

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Leave the time out."""
        self._ended = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the time out."""
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
        share = self._sums["time/data"] / total
        if share > STARVED_SHARE and self._steps >= MIN_STEPS and not self._is_warned:
            self._is_warned = True
            rank_zero_warn(
                f"{share:.0%} of the time is waiting for data: raise --data.num_workers or give --data.cache_dir "
                '(docs/troubleshooting.md, "The GPU waits")'
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
