"""Training of the finisher, which makes clean large cartoons with an alpha channel of soft generated ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from lightning.pytorch.utilities import rank_zero_info
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR
from torchvision.utils import make_grid, save_image

from datamodules.atomic import whole_file
from datamodules.finisher import CleanCartoons
from lightning_modules.averaged import AveragedModule
from lightning_modules.errors import UsageError
from lightning_modules.runs import is_dry_run, project_root
from networks.degradations import Degradation, degrade
from networks.ema import ema_of
from networks.finisher import CartoonFinisher, Finished, doubled, load_finisher, save_finisher
from networks.weights_file import WeightsError

FINISHER_FILE = "finisher.safetensors"
_WEIGHTS = project_root() / "weights"
OWN_FINISHERS: dict[int, Path] = {64: _WEIGHTS / FINISHER_FILE, 128: _WEIGHTS / "finisher_128px.safetensors"}
"""The project's finishers of scale 2 by the size in pixels of the generators that they are for."""

OWN_LARGE_FINISHER = _WEIGHTS / "finisher_4x.safetensors"
"""The same of scale 4, for 64 px."""

_OF_A_MACHINE = {"root", "cache_dir", "num_workers"}
_SHOWN = 8


def own_finisher(image_size: int, for_products: bool = False) -> Path:
    """The project's finisher for a generator.

    Args:
        image_size: Side in pixels of the generator's images; the nearest size that there is a finisher for counts.
        for_products: Whether cartoons should be as large as possible. Otherwise the scale is 2.

    Returns:
        The file.
    """
    side = min(OWN_FINISHERS, key=lambda known: abs(known - image_size))
    return OWN_LARGE_FINISHER if for_products and side == 64 else OWN_FINISHERS[side]


class Finisher(AveragedModule):
    """Restores cartoons from downscaled and degraded copies (see ``networks.degradations``); needs no photos.

    The loss is the L1 distance of the image, half of that of its horizontal and vertical differences, and the L1
    distance of alpha. A finished fit writes ``finisher.safetensors`` to the run folder.

    Args:
        scale: Upscaling factor, 2 or 4.
        width: Channels of the network at the input's resolution.
        n_blocks: Residual blocks one level down.
        learning_rate: Adam's learning rate, with cosine decay to 1 %.
        lambda_edges: Weight of the differences.
        lambda_alpha: Weight of alpha.
        severity: Factor of all degradations; 1 was tuned on generators of 64 px.
        ema_decay: Decay of the weights' moving average, which is evaluated and saved.
        weights: File of a finisher to start from; for scale 4 also one of scale 2.
    """

    def __init__(
        self,
        scale: int = 2,
        width: int = 32,
        n_blocks: int = 4,
        learning_rate: float = 6e-4,
        lambda_edges: float = 0.5,
        lambda_alpha: float = 0.5,
        severity: float = 1.0,
        ema_decay: float = 0.995,
        weights: str | None = None,
    ) -> None:
        super().__init__()
        for name, value, is_valid, expected in (
            ("scale", scale, scale in (2, 4), "2 or 4"),
            ("width", width, width >= 1, "1 or more"),
            ("n_blocks", n_blocks, n_blocks >= 1, "1 or more"),
            ("learning_rate", learning_rate, learning_rate > 0, "more than 0"),
            ("lambda_edges", lambda_edges, lambda_edges >= 0, "0 or more"),
            ("lambda_alpha", lambda_alpha, lambda_alpha >= 0, "0 or more"),
            ("severity", severity, severity >= 0, "0 or more"),
            ("ema_decay", ema_decay, 0 < ema_decay < 1, "above 0, below 1"),
        ):
            if not is_valid:
                raise UsageError(f"--model.{name} is {value}, must be {expected}")
        self.save_hyperparameters(ignore=["weights"])
        self._scale, self._learning_rate = scale, learning_rate
        self._lambda_edges, self._lambda_alpha = lambda_edges, lambda_alpha
        self._degradation = _scaled(Degradation(), severity)
        self.net = CartoonFinisher(scale, width, n_blocks)
        if weights is not None:
            self._start_from(Path(weights).expanduser())
        self.average = ema_of(self.net, ema_decay)
        self._shown: list[Tensor] = []
        self._input_size = 0

    def forward(self, cartoons: Tensor) -> Finished:
        """Finish (B, 3, H, W) cartoons in [-1, 1]."""
        finished: Finished = self.average(cartoons)
        return finished

    def training_step(self, batch: CleanCartoons, batch_idx: int) -> Tensor:
        """Restore degraded cartoons."""
        damaged = degrade(batch.image, self._scale, self._degradation)
        self._input_size = damaged.shape[3]
        finished = self.net(damaged)
        terms = restoration_terms(finished, batch)
        self.log_dict({f"train/{name}": value.detach() for name, value in terms.items()}, batch_size=len(batch.image))
        return terms["image"] + self._lambda_edges * terms["edges"] + self._lambda_alpha * terms["alpha"]

    def validation_step(self, batch: CleanCartoons, batch_idx: int) -> None:
        """Measure what was held back."""
        self._measure("val", batch, batch_idx)

    def test_step(self, batch: CleanCartoons, batch_idx: int) -> None:
        """Measure what was held back."""
        self._measure("test", batch, batch_idx)

    def on_validation_epoch_end(self) -> None:
        """Draw some validation cartoons: degraded and enlarged, finished, clean, alpha."""
        shown, self._shown = self._shown, []
        if not shown or self.trainer.sanity_checking or is_dry_run(self.trainer) or not self.trainer.is_global_zero:
            return
        name = f"epoch_{self.current_epoch:04d}_step_{self.global_step:07d}.png"
        path = Path(self.trainer.default_root_dir) / "images" / name
        grid = make_grid(torch.cat(shown), nrow=len(shown[0]), normalize=True, value_range=(-1, 1), pad_value=1)
        with whole_file(path) as part:
            save_image(grid, part, format="png")

    def on_fit_end(self) -> None:
        """Write the finisher."""
        if not self.trainer.is_global_zero or is_dry_run(self.trainer) or self.trainer.interrupted:
            return
        path = Path(self.trainer.default_root_dir) / FINISHER_FILE
        logged = self.trainer.callback_metrics
        figures = {name.removeprefix("val/"): float(value) for name, value in logged.items() if name.startswith("val/")}
        finisher = cast(CartoonFinisher, self.average.module)
        finisher.input_size = self._input_size
        save_finisher(finisher, figures, path, self._account())
        rank_zero_info(f"finisher: {path}")

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with per-step cosine decay."""
        optimizer = Adam(self.net.parameters(), self._learning_rate, fused=True)
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = CosineAnnealingLR(optimizer, steps, eta_min=0.01 * self._learning_rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _start_from(self, weights: Path) -> None:
        try:
            trained = load_finisher(weights)
            if (trained.scale, self._scale) == (2, 4):
                trained = doubled(trained)
            self.net.load_state_dict(trained.state_dict())
        except (WeightsError, RuntimeError) as error:
            raise UsageError(f"--model.weights {weights}: {str(error).splitlines()[0]}") from error

    def _measure(self, stage: str, batch: CleanCartoons, batch_idx: int) -> None:
        devices = [self.device] if self.device.type == "cuda" else []  # manual_seed also seeds the GPU
        with torch.random.fork_rng(devices):  # reproducible degradations
            torch.manual_seed(batch_idx)
            damaged = degrade(batch.image, self._scale, self._degradation)
        finished = self(damaged)
        enlarged = F.interpolate(damaged, scale_factor=self._scale, mode="bilinear", align_corners=False)
        terms = restoration_terms(finished, batch)
        terms["enlarged"] = (enlarged - batch.image).abs().mean()  # baseline: enlarging only
        self.log_dict(
            {f"{stage}/{name}": value for name, value in terms.items()}, batch_size=len(batch.image), sync_dist=True
        )
        if stage == "val" and not self._shown:
            alpha = (finished.alpha * 2 - 1).expand_as(finished.image)
            rows = (enlarged, finished.image, batch.image, alpha)
            self._shown = [row[:_SHOWN].float().cpu() for row in rows]

    def _account(self) -> dict[str, object]:
        """Description of its training data."""
        data: dict[str, object] = dict(getattr(cast(Any, self.trainer).datamodule, "hparams", {}))
        return {
            "steps": self.global_step,
            "model": dict(self.hparams),
            "data": {name: value for name, value in data.items() if name not in _OF_A_MACHINE},
        }


def restoration_terms(finished: Finished, clean: CleanCartoons) -> dict[str, Tensor]:
    """L1 distances of image, of its differences along both axes, and of alpha, each a float32 scalar."""
    image, target = finished.image, clean.image
    return {
        "image": F.l1_loss(image, target),
        "edges": F.l1_loss(image.diff(dim=2), target.diff(dim=2)) + F.l1_loss(image.diff(dim=3), target.diff(dim=3)),
        "alpha": F.l1_loss(finished.alpha, clean.alpha),
    }


def _scaled(damage: Degradation, severity: float) -> Degradation:
    return Degradation(
        blur=severity * damage.blur,
        noise=cast("tuple[float, float, float, float]", tuple(severity * amplitude for amplitude in damage.noise)),
        stripes=severity * damage.stripes,
        warp=severity * damage.warp,
        tint=severity * damage.tint,
        smudges=round(severity * damage.smudges),
        fade=min(1.0, severity * damage.fade),
    )
