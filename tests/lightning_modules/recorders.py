"""Callbacks for runs in processes of their own, which import them with this folder on their ``PYTHONPATH``."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning import Callback, LightningModule, Trainer

from datamodules.samples import UnpairedBatch


class RecordDraws(Callback):
    """Writes the photos and the cartoons that a process trained on to ``drawn_RANK.pt``.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._batches: list[UnpairedBatch] = []

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: UnpairedBatch, batch_idx: int
    ) -> None:
        self._batches.append(batch)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        photos = torch.cat([batch.photo.image for batch in self._batches])
        cartoons = torch.cat([batch.cartoon.image for batch in self._batches])
        torch.save((photos, cartoons), self._folder / f"drawn_{trainer.global_rank}.pt")
