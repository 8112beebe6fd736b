"""Training of the attribute classifier, which evaluates hair colour and attributes of generated faces."""

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
from torchmetrics import Metric
from torchmetrics.classification import MulticlassAccuracy

from datamodules.attribute_classifier import PHOTOS, UNSEEN, AttributeDataModule, LabelledFaces
from datamodules.samples import Attribute, HairColour
from lightning_modules.averaged import AveragedModule
from lightning_modules.errors import UsageError
from lightning_modules.runs import is_dry_run, project_root
from networks.attribute_classifier import AttributeLogits, AttributeNet, save_attribute_net, to_side
from networks.ema import ema_of

CLASSIFIER_FILE = "attribute_classifier.safetensors"
OWN_CLASSIFIER = project_root() / "weights" / CLASSIFIER_FILE
_OF_A_MACHINE = {"root", "cache_dir", "cartoon_families", "num_workers"}


_QUESTIONS = {"hair": len(HairColour), **{attribute.name.lower(): 2 for attribute in Attribute}}
"""Number of classes of each label."""


class AttributeClassifier(AveragedModule):
    """A classifier of hair colour, glasses, beard and open mouth, trained on faces blurred to look like generated ones.

    It is evaluated on held-out data after each epoch, without model selection. A finished fit writes
    ``attribute_classifier.safetensors`` to the run folder, with its metrics and training data. Accuracy is the mean
    of the per-class accuracies, since few photos show glasses, beards or grey hair.

    Args:
        learning_rate: AdamW's peak learning rate, on a one-cycle cosine schedule.
        weight_decay: AdamW's weight decay.
        max_blur: Fraction of the training images that are blurred: downscaled by a factor of up to four, and upscaled
            again. Despite its name, it does not limit the blur.
        ema_decay: Decay of the weights' moving average, which is evaluated and saved.
    """

    def __init__(
        self,
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-3,
        max_blur: float = 0.5,
        ema_decay: float = 0.99,
    ) -> None:
        super().__init__()
        for name, value, is_valid, expected in (
            ("learning_rate", learning_rate, learning_rate > 0, "more than 0"),
            ("weight_decay", weight_decay, weight_decay >= 0, "0 or more"),
            ("max_blur", max_blur, 0 <= max_blur <= 1, "from 0 to 1"),
            ("ema_decay", ema_decay, 0 < ema_decay < 1, "above 0, below 1"),
        ):
            if not is_valid:
                raise UsageError(f"--model.{name} is {value}, must be {expected}")
        self.save_hyperparameters()
        self._learning_rate, self._weight_decay, self._softening = learning_rate, weight_decay, max_blur
        self.net = AttributeNet(len(HairColour))
        self.average = ema_of(self.net, ema_decay)
        self.accuracies = nn.ModuleDict(
            {
                f"{question}_{part}": MulticlassAccuracy(classes, average="macro")
                for part in range(len(UNSEEN) + len(PHOTOS))
                for question, classes in _QUESTIONS.items()
            }
        )

    def forward(self, images: Tensor) -> AttributeLogits:
        """Classify (B, 3, H, W) images in [-1, 1]."""
        output: AttributeLogits = self.average(images)
        return output

    def training_step(self, batch: LabelledFaces, batch_idx: int) -> Tensor:
        """Sum of the cross entropies of hair colour and of each attribute, over the faces where it is known."""
        output = self.net(self._softened(batch.image))
        hair = _mean_of_known(F.cross_entropy(output.hair, batch.hair.clamp(min=0), reduction="none"), batch.hair)
        losses = {"hair": hair}
        for attribute in Attribute:
            logits, known = output.attributes[:, attribute], batch.attributes[:, attribute]
            each = F.binary_cross_entropy_with_logits(logits, known.float(), reduction="none")
            losses[attribute.name.lower()] = _mean_of_known(each, known)
        logged = {f"train/{question}": loss.detach() for question, loss in losses.items()}
        self.log_dict(logged, batch_size=len(batch.hair))
        return torch.stack(list(losses.values())).sum()

    def validation_step(self, batch: LabelledFaces, batch_idx: int, dataloader_idx: int) -> None:
        """Evaluate a batch of one evaluation set."""
        self._measure(batch, dataloader_idx)

    def test_step(self, batch: LabelledFaces, batch_idx: int, dataloader_idx: int) -> None:
        """Evaluate a batch of one evaluation set."""
        self._measure(batch, dataloader_idx)

    def on_validation_epoch_end(self) -> None:
        """Log the accuracies."""
        self._log_accuracies("val")

    def on_test_epoch_end(self) -> None:
        """Log the accuracies."""
        self._log_accuracies("test")

    def on_fit_end(self) -> None:
        """Write the classifier."""
        if not self.trainer.is_global_zero or is_dry_run(self.trainer) or self.trainer.interrupted:
            return
        path = Path(self.trainer.default_root_dir) / CLASSIFIER_FILE
        logged = self.trainer.callback_metrics
        figures = {name.removeprefix("val/"): float(value) for name, value in logged.items() if name.startswith("val/")}
        save_attribute_net(cast(AttributeNet, self.average.module), figures, path, self._training_record())
        rank_zero_info(f"classifier: {path}")

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW on a per-step one-cycle cosine schedule."""
        optimizer = AdamW(self.net.parameters(), self._learning_rate, weight_decay=self._weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = OneCycleLR(optimizer, self._learning_rate, total_steps=steps, pct_start=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _softened(self, images: Tensor) -> Tensor:
        """Blur some of the images like the output of a half-trained generator."""
        is_soft = torch.rand(len(images), 1, 1, 1, device=images.device) < self._softening
        side = int(torch.randint(images.shape[3] // 4, images.shape[3], ()))
        return torch.where(is_soft, to_side(to_side(images, side), images.shape[3]), images)

    def _measure(self, batch: LabelledFaces, part: int) -> None:
        output = self(batch.image)
        answers = torch.cat([output.hair.argmax(dim=1, keepdim=True), output.in_cartoons], dim=1)
        truth = torch.cat([batch.hair[:, None], batch.attributes], dim=1)
        for question, said, known in zip(_QUESTIONS, answers.T, truth.T, strict=True):
            is_known = known >= 0
            if is_known.any():
                cast(Metric, self.accuracies[f"{question}_{part}"]).update(said[is_known], known[is_known])

    def _log_accuracies(self, stage: str) -> None:
        """Log the accuracies by name; must run in all processes."""
        names = self._part_names()
        for key, accuracy in self.accuracies.items():
            question, _, part = key.rpartition("_")
            metric = cast(MulticlassAccuracy, accuracy)
            with metric.sync_context():
                has_any = bool(cast(Tensor, metric.tp).any() or cast(Tensor, metric.fn).any())
            if has_any:
                self.log(f"{stage}/{question} of {names[int(part)]}", metric.compute(), sync_dist=True)
            metric.reset()

    def _part_names(self) -> tuple[str, ...]:
        data = cast(Any, self.trainer).datamodule
        return data.part_names if isinstance(data, AttributeDataModule) else (*UNSEEN, *PHOTOS.values())

    def _training_record(self) -> dict[str, object]:
        """Description of its training data."""
        data: dict[str, object] = dict(getattr(cast(Any, self.trainer).datamodule, "hparams", {}))
        families = data.get("cartoon_families")
        return {
            "epochs": self.current_epoch,
            "model": dict(self.hparams),
            "data": {name: value for name, value in data.items() if name not in _OF_A_MACHINE},
            "cartoon_families": Path(str(families)).name if families else None,
        }


def _mean_of_known(losses: Tensor, labels: Tensor) -> Tensor:
    """Mean of the losses (B,) over labelled faces; 0 if there are none."""
    is_known = labels >= 0
    return (losses * is_known).sum() / is_known.sum().clamp(min=1)
