"""Image grids: translations of the same faces after each validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor
from torchvision.utils import make_grid, save_image

from datamodules.samples import UnpairedBatch
from lightning_modules.base import BaseCycleGAN
from lightning_modules.runs import is_dry_run


class ImageGrid(Callback):
    """Saves a PNG to ``images/`` in the run folder after each validation, and logs it to W&B.

    The rows are defined by the model (``grid_rows``). The faces are always the first ones of the validation split.

    Args:
        count: Faces per domain, one per column.
    """

    def __init__(self, count: int = 8) -> None:
        self._count = count
        self._faces: list[UnpairedBatch] = []

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Collect the first faces."""
        if trainer.is_global_zero and sum(len(faces.photo.image) for faces in self._faces) < self._count:
            self._faces.append(batch)

    @torch.no_grad()
    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, save and log the grid."""
        faces, self._faces = self._faces, []
        if trainer.sanity_checking or is_dry_run(trainer) or not trainer.is_global_zero:
            return
        assert isinstance(pl_module, BaseCycleGAN), "ImageGrid draws CycleGANs"
        grid = make_grid(
            self._rows(pl_module, faces), nrow=self._columns(faces), normalize=True, value_range=(-1, 1), pad_value=1
        )
        path = (
            Path(trainer.default_root_dir)
            / "images"
            / f"epoch_{trainer.current_epoch:04d}_step_{trainer.global_step:07d}.png"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        save_image(grid, path)
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image("faces", [str(path)], step=trainer.global_step)

    def _columns(self, faces: list[UnpairedBatch]) -> int:
        return min(self._count, sum(len(batch.photo.image) for batch in faces))

    def _rows(self, model: BaseCycleGAN, faces: list[UnpairedBatch]) -> Tensor:
        """Grid images, one column per face: (rows * columns, 3, H, W) in [-1, 1]."""
        with torch.autocast(model.device.type, enabled=False):
            rows = zip(*(model.grid_rows(batch) for batch in faces), strict=True)
            return torch.cat([torch.cat(row)[: self._count].float().cpu() for row in rows])
