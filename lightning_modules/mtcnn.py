"""The training step shared by the three detector stages (paper 3.1)."""

from __future__ import annotations

import math
from abc import ABC
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, cast

import torch
from lightning.pytorch.utilities import rank_zero_info
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, MultiStepLR
from torchmetrics import Metric
from torchmetrics.classification import BinaryAccuracy, BinaryAveragePrecision

from datamodules.detector.crops import Crops
from datamodules.detector.mined import MINED_FILE
from datamodules.detector.module import DetectorDataModule
from lightning_modules.averaged import AveragedModule
from lightning_modules.errors import UsageError
from lightning_modules.metrics.landmark_error import LandmarkError
from lightning_modules.mining import mine
from lightning_modules.runs import is_dry_run
from networks.ema import ema_of
from networks.mtcnn import (
    MTCNN,
    SIDES,
    STAGES,
    Card,
    LandmarkLoss,
    StageName,
    StageOutput,
    WeightsError,
    face_score,
    load_weights,
    normalise,
    of_crops,
    save_weights,
    stage_losses,
)

HEADS = ("face", "box", "landmarks")
DETECTOR_FILE = "mtcnn.safetensors"
"""Output of a finished fit in the run folder: the stages trained so far."""


_OF_A_MACHINE = {"weights", "root", "cartoon_families", "memory", "num_workers", "_class_path", "_instantiator"}
"""Hyper-parameters that do not affect the result."""


class LossWeights(NamedTuple):
    """Weights of the three losses of a stage."""

    face: float
    box: float
    landmarks: float


class MTCNNStage(AveragedModule, ABC):
    """One stage of the detector, trained on crops (Eq. 1-3) with online hard example mining.

    Later stages are trained on windows accepted by the earlier ones, which are mined at the start of a fit. A finished
    fit writes the detector so far to ``mtcnn.safetensors`` in the run folder.

    Args:
        weights: Detector with the earlier stages (``.safetensors``). Without it, or if they are untrained, a later
            stage is trained on random windows only. If it contains this stage already trained, training continues.
        loss_weights: Weights of face, box and landmark loss: "paper", "mtcnn" (the code of Zhang et al.), or three
            numbers.
        hard_ratio: Fraction of crops in the face loss, hardest first.
        landmark_loss: "squared" (Eq. 3), or "distance", whose gradient does not vanish for small errors.
        optimizer: "sgd" with momentum 0.9 and steps (Zhang et al.), or "adamw" with one cosine cycle.
        learning_rate: Peak learning rate.
        milestones: Epochs at which SGD's learning rate is divided by ten.
        weight_decay: Weight decay of the optimiser.
        ema_decay: Decay of the weights' moving average, which is validated and saved; 0 for none.
    """

    stage: ClassVar[StageName]
    presets: ClassVar[dict[str, LossWeights]]

    def __init__(
        self,
        weights: str | None = None,
        loss_weights: Literal["paper", "mtcnn"] | tuple[float, float, float] = "paper",
        hard_ratio: float = 0.7,
        landmark_loss: LandmarkLoss = "squared",
        optimizer: Literal["sgd", "adamw"] = "sgd",
        learning_rate: float = 1e-3,
        milestones: tuple[int, ...] = (6, 14, 20),
        weight_decay: float = 0.0,
        ema_decay: float = 0.0,
    ) -> None:
        super().__init__()
        for name, value, is_valid, expected in (
            ("hard_ratio", hard_ratio, 0 < hard_ratio <= 1, "above 0, up to 1"),
            ("learning_rate", learning_rate, learning_rate > 0, "more than 0"),
            ("weight_decay", weight_decay, weight_decay >= 0, "0 or more"),
            ("ema_decay", ema_decay, 0 <= ema_decay < 1, "from 0 to below 1"),
        ):
            if not is_valid:
                raise UsageError(f"--model.{name} is {value}, must be {expected}")
        self.save_hyperparameters()
        self.hparams["weights"] = str(Path(weights).expanduser().absolute()) if weights else None
        self.hparams["milestones"] = list(milestones)
        is_preset = isinstance(loss_weights, str)
        self.hparams["loss_weights"] = loss_weights if is_preset else list(loss_weights)
        self._weights = self.presets[loss_weights] if isinstance(loss_weights, str) else LossWeights(*loss_weights)
        self._hard_share, self._landmark_loss = hard_ratio, landmark_loss
        self._optimizer, self._learning_rate, self._weight_decay = optimizer, learning_rate, weight_decay
        self._milestones = milestones
        before, self._card = _read_before(weights)
        self._before = [before]  # no part of this module: neither trained nor saved
        earlier = STAGES[: STAGES.index(self.stage)]
        untrained = self._card.untrained_heads
        self._are_before_trained = all(f"{stage}.face" not in untrained for stage in earlier)
        # Channels-last reduces the step time of RNet and ONet by a third on a CPU.
        self.net = cast(nn.Module, getattr(MTCNN(), self.stage)).to(memory_format=torch.channels_last)
        if before is not None and f"{self.stage}.face" not in self._card.untrained_heads:
            self.net.load_state_dict(getattr(before, self.stage).state_dict())
        self.average = ema_of(self.net, ema_decay) if ema_decay else None
        self.metrics = nn.ModuleDict({"precision": BinaryAveragePrecision(), "accuracy": BinaryAccuracy()})
        self.landmark_error = LandmarkError()

    @property
    def trained_net(self) -> nn.Module:
        """The net for inference: its moving average if there is one."""
        return self.net if self.average is None else self.average.module

    def forward(self, images: Tensor) -> StageOutput:
        """Output of the net for (B, 3, side, side) uint8 RGB crops, in float32."""
        return of_crops(self.trained_net(normalise(images.float())))

    def prepare_data(self) -> None:
        """Mine windows for a fit, before anything is set up.

        Raises:
            UsageError: The data's crops are of another stage.
        """
        before, data = self._before[0], cast(Any, self.trainer).datamodule
        assert isinstance(data, DetectorDataModule), "the detector's stages learn from a DetectorDataModule"
        if data.hparams["side"] != SIDES[self.stage]:
            raise UsageError(f"--data.side is {data.hparams['side']}; {self.stage} needs {SIDES[self.stage]}")
        if self.stage == "pnet" or before is None or not self._are_before_trained:
            return
        if not self.trainer.training or is_dry_run(self.trainer):
            return
        path = Path(self.trainer.default_root_dir) / MINED_FILE
        mine(before, self.stage, data.crowds("train"), path, self.trainer.strategy.root_device)

    def training_step(self, batch: Crops, batch_idx: int) -> Tensor:
        """The weighted sum of the three losses."""
        losses = self._losses(self.net(normalise(batch.image.float())), batch)
        self._log_losses("train", losses, len(batch.face), prog_bar=True)
        return losses["loss"]

    def validation_step(self, batch: Crops, batch_idx: int) -> None:
        """Log losses and metrics under ``val/``."""
        self._evaluate("val", batch)

    def test_step(self, batch: Crops, batch_idx: int) -> None:
        """Log losses and metrics under ``test/``."""
        self._evaluate("test", batch)

    def on_train_epoch_end(self) -> None:
        """Stop the run if the loss is no longer finite, before it reaches a checkpoint."""
        loss = self.trainer.callback_metrics.get("train/loss")  # none, if this run resumed at the end of an epoch
        if loss is not None and not loss.isfinite():
            raise UsageError(f"training diverged in epoch {self.current_epoch}; try a smaller --model.learning_rate")

    def on_fit_end(self) -> None:
        """Write the detector with the stages trained so far."""
        if not self.trainer.is_global_zero or is_dry_run(self.trainer) or self.trainer.interrupted:
            return
        path = Path(self.trainer.default_root_dir) / DETECTOR_FILE
        nets, card = self.detector()
        save_weights(nets, card, path)
        rank_zero_info(f"detector: {path}")

    def detector(self) -> tuple[MTCNN, Card]:
        """The stages so far, and a card that says which are trained and how this one was."""
        nets = self._before[0] or MTCNN()
        stage = getattr(nets, self.stage)
        stage.load_state_dict(self.trained_net.state_dict())
        stage.is_half_a_pixel_off = False  # it was trained on `Crops`
        later = STAGES[STAGES.index(self.stage) + 1 :]
        untrained = [head for head in self._card.untrained_heads if not head.startswith((self.stage, *later))]
        untrained += [f"{stage}.{head}" for stage in later for head in HEADS]
        return nets, Card("Landmark CartoonGAN", tuple(untrained), {**self._card.details, self.stage: self._account()})

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """The optimiser, and its schedule by epoch (SGD) or step (AdamW)."""
        parameters = self.net.parameters()
        optimizer: Optimizer
        scheduler: LRScheduler
        if self._optimizer == "sgd":
            optimizer = SGD(parameters, self._learning_rate, momentum=0.9, weight_decay=self._weight_decay)
            scheduler = MultiStepLR(optimizer, list(self._milestones))
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "epoch"}}
        optimizer = AdamW(parameters, self._learning_rate, weight_decay=self._weight_decay)
        scheduler = LambdaLR(optimizer, self._rate_factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _rate_factor(self, step: int) -> float:
        return cycle_factor(step, self._optimizer_steps())

    def _optimizer_steps(self) -> int:
        """Optimiser steps of the run, from ``max_epochs``, ``max_steps`` and ``accumulate_grad_batches``."""
        trainer = self.trainer
        data = cast(DetectorDataModule, cast(Any, trainer).datamodule)  # Trainer's own count would start the loaders
        per_epoch = math.ceil(data.batches_per_epoch(trainer.world_size) / trainer.accumulate_grad_batches)
        told = [per_epoch * trainer.max_epochs] if trainer.max_epochs is not None and trainer.max_epochs > 0 else []
        if trainer.max_steps > 0:
            told.append(trainer.max_steps)
        if not told:
            raise UsageError("adamw's schedule needs an end: give --trainer.max_epochs or --trainer.max_steps")
        return min(told)

    def _losses(self, output: StageOutput, batch: Crops) -> dict[str, Tensor]:
        losses = stage_losses(output, batch.face, batch.box, batch.landmarks, self._hard_share, self._landmark_loss)
        total = torch.stack([weight * loss for weight, loss in zip(self._weights, losses, strict=True)]).sum()
        return {"loss": total, **losses._asdict()}

    def _evaluate(self, part: str, batch: Crops) -> None:
        output = self(batch.image)
        self._log_losses(part, self._losses(output, batch), len(batch.face), prog_bar=False)
        is_told = batch.face >= 0
        for name, metric in self.metrics.items():
            cast(Metric, metric).update(face_score(output.face)[is_told], batch.face[is_told])
            self.log(f"{part}/face_{name}", cast(Metric, metric))
        has_landmarks = ~torch.isnan(batch.landmarks).flatten(1).any(dim=1)
        self.landmark_error.update(output.landmarks[has_landmarks], batch.landmarks[has_landmarks])

    def on_validation_epoch_end(self) -> None:
        """Log the landmark error."""
        self._log_landmark_error("val")

    def on_test_epoch_end(self) -> None:
        """Log the landmark error."""
        self._log_landmark_error("test")

    def _log_landmark_error(self, part: str) -> None:
        if self.landmark_error.update_called:
            self.log(f"{part}/landmark_error", self.landmark_error.compute().mean, prog_bar=True)
        self.landmark_error.reset()

    def _log_losses(self, part: str, losses: dict[str, Tensor], batch_size: int, prog_bar: bool) -> None:
        values = {f"{part}/{name}": loss.detach() for name, loss in losses.items()}
        self.log_dict(values, batch_size=batch_size, prog_bar=prog_bar, sync_dist=part != "train")

    def _account(self) -> dict[str, object]:
        """How this stage was trained, and if it was trained before, how then."""
        data = cast(Any, self.trainer).datamodule
        batch = int(data.hparams["batch_size"])
        earlier = {"after": self._card.details[self.stage]} if self.stage in self._card.details else {}
        return earlier | {
            "crops": self.trainer.global_step * self.trainer.accumulate_grad_batches * batch * self.trainer.world_size,
            "model": {name: value for name, value in self.hparams.items() if name not in _OF_A_MACHINE},
            "data": {name: value for name, value in data.hparams.items() if name not in _OF_A_MACHINE},
        }


def cycle_factor(step: int, steps: int) -> float:
    """Learning rate factor: linear warm-up over 5 % of the steps, then cosine decay to 0."""
    rising = max(1, steps // 20)
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rising) / max(1, steps - rising))))


def _read_before(weights: str | None) -> tuple[MTCNN | None, Card]:
    if weights is None:
        return None, Card("", tuple(f"{stage}.{head}" for stage in STAGES for head in HEADS))
    try:
        return load_weights(Path(weights).expanduser())
    except WeightsError as error:
        raise UsageError(f"--model.weights: {error}") from error
