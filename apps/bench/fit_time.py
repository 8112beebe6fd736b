"""Measures the time of training steps in a trainer, on noise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from logging import Logger, getLogger
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lightning import Callback
    from torch.utils.data import DataLoader

    from datamodules.samples import UnpairedBatch
    from lightning_modules.base import BaseCycleGAN


class Accelerator(StrEnum):
    """Device of the steps."""

    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """Precision of the forward passes."""

    FP32 = "32-true"
    BF16 = "bf16-mixed"


class Sizes(NamedTuple):
    """Sizes of a measurement; see the options of ``cartoongan bench step``."""

    image_size: int
    batch_size: int
    ngf: int
    ndf: int
    steps: int
    rounds: int


def clock(accelerator: Accelerator) -> float:
    """Time in seconds: process time on a CPU; on a GPU, wall time after synchronisation."""
    if accelerator is Accelerator.CPU:
        return time.process_time()
    import torch

    torch.cuda.synchronize()
    return time.perf_counter()


def noise(image_size: int, batch_size: int, steps: int) -> DataLoader[UnpairedBatch]:
    """Batches of noise with landmarks close to those of an average photo."""
    import torch
    from torch.utils.data import DataLoader

    from datamodules.samples import Attribute, Faces, HairColour, UnpairedBatch
    from lightning_modules.landmark_detector import MEAN_PHOTO

    def face(number: int) -> Faces:
        landmarks = (MEAN_PHOTO + 0.02 * torch.randn(5, 2)) * image_size
        image = torch.rand(3, image_size, image_size) * 2 - 1
        label, attributes = torch.tensor(number % len(HairColour)), torch.tensor([number % 2] * len(Attribute))
        return Faces(image, landmarks, label, attributes)

    draws = [UnpairedBatch(face(number), face(number)) for number in range(batch_size)]
    return DataLoader(draws * steps, batch_size=batch_size)  # type: ignore[arg-type]  # a list works as a dataset


def fit_seconds(
    model: BaseCycleGAN,
    draws: DataLoader[UnpairedBatch],
    accelerator: Accelerator,
    precision: Precision = Precision.FP32,
    *callbacks: Callback,
) -> float:
    """Time of the training loop over the batches, see ``clock``, without set-up and teardown."""
    import warnings

    from lightning import Callback, LightningModule, Trainer

    times: list[float] = []

    class Stopwatch(Callback):
        def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            times.append(clock(accelerator))

        def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            times.append(clock(accelerator))

    with warnings.catch_warnings(), _silenced(getLogger("lightning.pytorch")):
        warnings.simplefilter("ignore")
        trainer = Trainer(
            accelerator=accelerator.value,
            devices=1,
            max_epochs=1,
            precision=precision.value,
            callbacks=[Stopwatch(), *callbacks],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, draws)
    return times[1] - times[0]


@contextmanager
def _silenced(logger: Logger) -> Iterator[None]:
    """Silence a logger except for errors."""
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)
