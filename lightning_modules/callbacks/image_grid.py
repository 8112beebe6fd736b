"""Image grids of a run: translations of the same faces after each validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor
from torchvision.utils import make_grid, save_image

from datamodules.atomic import whole_file
from datamodules.samples import UnpairedBatch
from lightning_modules.base import BaseCycleGAN
from lightning_modules.runs import is_dry_run


class ImageGrid(Callback):
    """After each validation and at a few early steps, writes a PNG to ``images/`` in the run folder, and to W&B.

    The model defines the rows (``grid_rows``). The faces are always the first of the validation split. Early grids
    require the sanity check, which reads the faces.

    Args:
        count: Faces per domain, one per column.
        early_steps: Training steps after which a grid is also drawn, for feedback in the first minutes of a run.
    """

    def __init__(self, count: int = 8, early_steps: tuple[int, ...] = (100, 500)) -> None:
        self._count = count
        self._early_steps = early_steps
        self._faces: list[UnpairedBatch] = []
        self._first: list[UnpairedBatch] = []

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Collect the first faces."""
        if trainer.is_global_zero and sum(len(faces.photo.image) for faces in self._faces) < self._count:
            self._faces.append(batch)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, save and log the grid; faces from the sanity check are kept for early grids."""
        faces, self._faces = self._faces, []
        if trainer.sanity_checking:
            self._first = faces
        else:
            self._draw(trainer, pl_module, faces)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw an early grid."""
        if trainer.global_step in self._early_steps and self._first:
            pl_module.eval()
            self._draw(trainer, pl_module, self._first)
            pl_module.train()

    @torch.no_grad()
    def _draw(self, trainer: Trainer, model: LightningModule, faces: list[UnpairedBatch]) -> None:
        if is_dry_run(trainer) or not trainer.is_global_zero:
            return
        assert isinstance(model, BaseCycleGAN), "ImageGrid draws CycleGANs"
        grid = make_grid(
            self._rows(model, faces), nrow=self._columns(faces), normalize=True, value_range=(-1, 1), pad_value=1
        )
        name = f"epoch_{trainer.current_epoch:04d}_step_{trainer.global_step:07d}.png"
        path = Path(trainer.default_root_dir) / "images" / name
        with whole_file(path) as part:
            save_image(grid, part, format="png")
        for logger in trainer.loggers:
            if isinstance(logger, WandbLogger):
                logger.log_image("faces", [str(path)], step=trainer.global_step)

    def _columns(self, faces: list[UnpairedBatch]) -> int:
        return min(self._count, sum(len(batch.photo.image) for batch in faces))

    def _rows(self, model: BaseCycleGAN, faces: list[UnpairedBatch]) -> Tensor:
        """Rows of images, one column per face: (rows * columns, 3, H, W) in [-1, 1]."""
        with torch.autocast(model.device.type, enabled=False):
            rows = zip(*(model.grid_rows(batch) for batch in faces), strict=True)
            return torch.cat([torch.cat(row)[: self._count].float().cpu() for row in rows])
