"""Writes predictions to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter
from torch import Tensor
from torchvision.utils import save_image

from datamodules.atomic import whole_file
from datamodules.samples import Photos
from networks.finisher import CartoonFinisher, sticker


class CartoonWriter(BasePredictionWriter):
    """Writes each predicted cartoon as a PNG with its photo's name, keeping subfolders.

    Args:
        folder: Output folder.
        finisher: Cleans and enlarges each cartoon and removes its background; by default not applied.
    """

    def __init__(self, folder: Path, finisher: CartoonFinisher | None = None) -> None:
        super().__init__(write_interval="batch")
        self.folder = folder
        self._finisher = finisher

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move the finisher to the model's device."""
        if self._finisher is not None:
            self._finisher.to(pl_module.device)

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
        """Write one batch, each file atomically."""
        images = prediction if self._finisher is None else _stickers(self._finisher, prediction)
        for image, name in zip(images, batch.name, strict=True):
            path = (self.folder / name).with_suffix(".png")
            with whole_file(path) as part:
                save_image(image, part, format="png", normalize=True, value_range=(-1, 1))


@torch.no_grad()
def _stickers(finisher: CartoonFinisher, cartoons: Tensor) -> Tensor:
    """Finished RGBA images (B, 4, H, W) in [-1, 1], from cartoons or from rows of square ones."""
    count = max(1, cartoons.shape[3] // cartoons.shape[2])
    single = torch.cat(cartoons.float().chunk(count, dim=3))
    rgba = sticker(finisher(single))
    return torch.cat(torch.cat([rgba[:, :3], 2 * rgba[:, 3:] - 1], dim=1).chunk(count), dim=3)
