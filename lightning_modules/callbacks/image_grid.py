"""Pictures of a run: what the generators make of the same faces, validation by validation."""

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
    """After each validation, a PNG in ``images/`` of the run's home, and the same in W&B.

    The upper half has photos, the cartoons made of them and the photos made of those; the lower half cartoons, photos
    and cartoons. The faces are the first of the validation part, the same each time.

    Args:
        count: Faces of each domain, one a column.
    """

    def __init__(self, count: int = 8) -> None:
        self._count = count
        self._faces: list[UnpairedBatch] = []

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Gather the first faces."""
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
        """Six rows of images, one column a face: (6 * columns, 3, H, W) in [-1, 1]."""
        photos, cartoons, fake_cartoons, fake_photos, photos_again, cartoons_again = ([] for _ in range(6))
        for batch in faces:
            with torch.autocast(model.device.type, enabled=False):
                translation = model.translate(model.trained_generators, batch)
            photos.append(batch.photo.image)
            fake_cartoons.append(translation.fake["cartoon"])
            photos_again.append(translation.reconstruction["photo"])
            cartoons.append(batch.cartoon.image)
            fake_photos.append(translation.fake["photo"])
            cartoons_again.append(translation.reconstruction["cartoon"])
        rows = (photos, fake_cartoons, photos_again, cartoons, fake_photos, cartoons_again)
        return torch.cat([torch.cat(row)[: self._count].float().cpu() for row in rows])
