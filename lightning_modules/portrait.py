"""Training of the portrait network, which segments person and head in photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from lightning.pytorch.utilities import rank_zero_info
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from datamodules.portrait import PortraitDataModule, Portraits
from lightning_modules.averaged import AveragedModule
from lightning_modules.errors import UsageError
from lightning_modules.metrics import SampleMean
from lightning_modules.metrics.mask_overlap import mask_overlaps
from lightning_modules.runs import is_dry_run
from networks.ema import ema_of
from networks.portrait import PortraitNet, load_portrait, save_portrait
from networks.weights_file import WeightsError

PORTRAIT_FILE = "portrait.safetensors"
CHANNELS = ("person", "head")
FIGURES = ("iou", "error")
_OF_A_MACHINE = {"root", "num_workers"}


class Portrait(AveragedModule):
    """The portrait network, trained on masks of person and head.

    It is evaluated on held-out data after each epoch, without model selection. A finished fit writes
    ``portrait.safetensors`` to the run folder, with its metrics and training data. ``iou`` is the intersection over
    union at a threshold of 0.5, ``error`` the mean absolute error of the alpha; both are averaged over photos.

    Args:
        learning_rate: AdamW's peak learning rate, on a one-cycle cosine schedule.
        weight_decay: AdamW's weight decay.
        ema_decay: Decay of the weights' moving average, which is evaluated and saved.
        weights: File of a portrait network to fine-tune, such as ours on other kinds of photos; use a lower
            ``learning_rate``.
    """

    def __init__(
        self,
        learning_rate: float = 4e-3,
        weight_decay: float = 1e-3,
        ema_decay: float = 0.99,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        for name, value, is_valid, expected in (
            ("learning_rate", learning_rate, learning_rate > 0, "more than 0"),
            ("weight_decay", weight_decay, weight_decay >= 0, "0 or more"),
            ("ema_decay", ema_decay, 0 < ema_decay < 1, "above 0, below 1"),
        ):
            if not is_valid:
                raise UsageError(f"--model.{name} is {value}, must be {expected}")
        self.save_hyperparameters(ignore=["weights"])
        self._started_from = Path(weights).name if weights else None
        self._learning_rate, self._weight_decay = learning_rate, weight_decay
        self.net = (_read(weights) if weights else PortraitNet()).to(
            memory_format=torch.channels_last
        )  # faster on a CPU
        self.average = ema_of(self.net, ema_decay)
        self._measured = nn.ModuleDict()

    def forward(self, photos: Tensor) -> Tensor:
        """Alphas (B, 2, H, W) of person and head in photos (B, 3, H, W) in [-1, 1]."""
        alphas: Tensor = self.average(photos)
        return alphas

    def training_step(self, batch: Portraits, batch_idx: int) -> Tensor:
        """Cross entropy of every pixel, and one minus a soft intersection over union of every mask."""
        logits = self.net.logits(batch.image.contiguous(memory_format=torch.channels_last)).float()
        entropy = F.binary_cross_entropy_with_logits(logits, batch.masks)
        overlap = soft_overlap(logits.sigmoid(), batch.masks)
        size = len(batch.image)
        self.log_dict({"train/entropy": entropy.detach(), "train/overlap": overlap.detach()}, batch_size=size)
        return entropy + 0.5 * (1 - overlap)

    def validation_step(self, batch: Portraits, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Evaluate a batch of one evaluation set."""
        self._measure(batch, dataloader_idx)

    def test_step(self, batch: Portraits, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Evaluate a batch of one evaluation set."""
        self._measure(batch, dataloader_idx)

    def on_validation_epoch_end(self) -> None:
        """Log the metrics."""
        self._log_figures("val")

    def on_test_epoch_end(self) -> None:
        """Log the metrics."""
        self._log_figures("test")

    def on_fit_end(self) -> None:
        """Write the network."""
        if not self.trainer.is_global_zero or is_dry_run(self.trainer) or self.trainer.interrupted:
            return
        path = Path(self.trainer.default_root_dir) / PORTRAIT_FILE
        logged = self.trainer.callback_metrics
        figures = {name.removeprefix("val/"): float(value) for name, value in logged.items() if name.startswith("val/")}
        save_portrait(cast(PortraitNet, self.average.module), figures, path, self._training_record())
        rank_zero_info(f"portrait network: {path}")

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW on a per-step one-cycle cosine schedule."""
        optimizer = AdamW(self.net.parameters(), self._learning_rate, weight_decay=self._weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = OneCycleLR(optimizer, self._learning_rate, total_steps=steps, pct_start=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_validation_epoch_start(self) -> None:
        """Reset the metrics."""
        self._begin()

    def on_test_epoch_start(self) -> None:
        """Reset the metrics."""
        self._begin()

    def _begin(self) -> None:
        for part in range(len(self._part_names())):
            for channel in CHANNELS:
                for figure in FIGURES:
                    self._measured[f"{figure}_{channel}_{part}"] = SampleMean().to(self.device)

    def _measure(self, batch: Portraits, part: int) -> None:
        alphas = self(batch.image)
        figures = {"iou": mask_overlaps(alphas, batch.masks), "error": (alphas - batch.masks).abs().mean(dim=(2, 3))}
        for figure, values in figures.items():
            for number, channel in enumerate(CHANNELS):
                cast(SampleMean, self._measured[f"{figure}_{channel}_{part}"]).update(values[:, number])

    def _log_figures(self, stage: str) -> None:
        """Log the metrics by name; must run in all processes."""
        names = self._part_names()
        for key, mean in self._measured.items():
            figure, channel, part = key.split("_")
            value = cast(SampleMean, mean).compute().mean.float()
            self.log(f"{stage}/{figure} of {channel}, {names[int(part)]}", value, sync_dist=True)
        self._measured.clear()

    def _part_names(self) -> tuple[str, ...]:
        data = cast(Any, self.trainer).datamodule
        return data.part_names if isinstance(data, PortraitDataModule) else ("photos",)

    def _training_record(self) -> dict[str, object]:
        """Description of its training data."""
        data: dict[str, object] = dict(getattr(cast(Any, self.trainer).datamodule, "hparams", {}))
        return {
            "epochs": self.current_epoch,
            "model": {**self.hparams, "weights": self._started_from},
            "data": {name: value for name, value in data.items() if name not in _OF_A_MACHINE}
            | {"photos": list(self._part_names())},
        }


def _read(weights: str) -> PortraitNet:
    """Load a network from a file, ready for training.

    Raises:
        UsageError: The file is missing or unusable.
    """
    try:
        net, _ = load_portrait(Path(weights).expanduser())
    except WeightsError as error:
        raise UsageError(f"{error} (--model.weights)") from error
    return net.requires_grad_(True).train()


def soft_overlap(alphas: Tensor, masks: Tensor) -> Tensor:
    """Soft intersection over union, averaged over masks: a differentiable scalar in [0, 1].

    Args:
        alphas: (B, C, H, W) in [0, 1].
        masks: Ground truth, likewise. For an empty mask, the score decreases with the alpha's area.
    """
    both = (alphas * masks).sum(dim=(2, 3))
    either = (alphas + masks - alphas * masks).sum(dim=(2, 3))
    return ((both + 1) / (either + 1)).mean()
