"""Detects generators that collapsed or return their input."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from lightning import LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from datamodules.samples import UnpairedBatch
from lightning_modules.base import BaseCycleGAN, Translation, TranslationCallback

MIN_SPREAD = 0.05
"""Minimum ratio of the standard deviations over cartoons and over photos; below, the generator has collapsed."""

MIN_CHANGE = 0.02
"""Minimum mean absolute difference of cartoon and photo, in [-1, 1]; below, the generator returns its input."""

_FIRST_STEP = 200
_SIDE = 16
_FACES = 64


class OutputCheck(TranslationCallback):
    """After each validation, warns about a collapsed generator or one that returns its input, once each.

    It checks up to 64 faces of the first process, from step 200 on, since a new generator's cartoons are all grey.
    """

    def __init__(self) -> None:
        self._cartoons: list[Tensor] = []
        self._photos: list[Tensor] = []
        self._changes: list[Tensor] = []
        self._warned: set[str] = set()

    def on_translation(
        self, trainer: Trainer, pl_module: BaseCycleGAN, batch: UnpairedBatch, translation: Translation, batch_idx: int
    ) -> None:
        """Keep small copies of photos and cartoons."""
        if sum(map(len, self._photos)) < _FACES:
            photos, cartoons = batch.photo.image.float(), translation.fake["cartoon"].float()
            self._changes.append((cartoons - photos).abs().mean(dim=(1, 2, 3)))
            self._photos.append(F.adaptive_avg_pool2d(photos, _SIDE))
            self._cartoons.append(F.adaptive_avg_pool2d(cartoons, _SIDE))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check them and warn."""
        kept = [self._photos, self._cartoons, self._changes]
        self._photos, self._cartoons, self._changes = [], [], []
        if trainer.sanity_checking or trainer.global_step < _FIRST_STEP or sum(map(len, kept[0])) < 2:
            return
        photos, cartoons, changes = (torch.cat(each) for each in kept)
        if cartoons.std(dim=0).mean() < MIN_SPREAD * photos.std(dim=0).mean():
            self._warn_once("all cartoons are alike", "All cartoons are the same")
        if changes.mean() < MIN_CHANGE:
            self._warn_once("the cartoons are the photos", "The cartoon is the photo")

    def _warn_once(self, what: str, section: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            rank_zero_warn(f'{what}: see docs/troubleshooting.md, "{section}"')
