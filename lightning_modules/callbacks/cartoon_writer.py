"""Predictions as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter
from torch import Tensor
from torchvision.utils import save_image

from datamodules.samples import Photos


class CartoonWriter(BasePredictionWriter):
    """Writes each predicted cartoon as a PNG under its photo's name, sub-folders kept.

    Args:
        folder: Where they go.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(write_interval="batch")
        self.folder = folder

    def write_on_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        prediction: Tensor,
        batch_indices: Sequence[int] | None,
        batch: Photos,
        batch_idx: int,
        dataloader_idx: int,
    ) -> None:
        """Write one batch; a file is there whole or not at all."""
        for image, name in zip(prediction, batch.name, strict=True):
            path = (self.folder / name).with_suffix(".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.part")
            save_image(image, temporary, format="png", normalize=True, value_range=(-1, 1))
            temporary.replace(path)
