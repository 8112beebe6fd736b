"""Evaluation metrics on part of the validation split during training, for model selection."""

from __future__ import annotations

import math
from typing import cast

from lightning import LightningModule, Trainer

from lightning_modules.base import BaseCycleGAN
from lightning_modules.callbacks.evaluation import LOGGED_ALREADY, Measuring, regressor_in_the_loss
from lightning_modules.errors import UsageError
from lightning_modules.evaluation import JudgeFiles, Judges
from lightning_modules.evaluation.judges import FeatureName
from lightning_modules.runs import is_dry_run

_NOT_LOGGED = ("images_per_second", *LOGGED_ALREADY)


class ValidationFigures(Measuring):
    """Logs the metrics of ``lightning test`` under ``val/``, for the first photos of the validation split.

    ``ModelCheckpoint`` can monitor any of them: ``val/kernel_cartoon``, ``val/landmark_consistency``, … Between
    measurements the last values are logged again, and undefined metrics are NaN, so there is always a value that is
    never mistaken for an improvement.

    Args:
        samples: Number of photos and of cartoons; fewer if the split is smaller.
        every_n_epochs: Measure every n-th epoch, and the last of ``--trainer.max_epochs``.
        features: Feature extractor of the distances, see ``JudgeFiles``.
        inception: File of the Inception weights.
        classifier: File of the attribute classifier.
        landmarks: File of the landmark evaluation network.
    """

    def __init__(
        self,
        samples: int = 128,
        every_n_epochs: int = 1,
        features: FeatureName = "efficientnet_lite0",
        inception: str | None = None,
        classifier: str | None = None,
        landmarks: str | None = None,
    ) -> None:
        super().__init__()
        for name, value, minimum in (("samples", samples, 4), ("every_n_epochs", every_n_epochs, 1)):
            if value < minimum:
                raise UsageError(f"ValidationFigures: {name} is {value}, must be at least {minimum}")
        self._samples, self._every_n_epochs = samples, every_n_epochs
        self._files = JudgeFiles(features, inception, classifier, landmarks)
        self._judges: Judges | None = None
        self._last: dict[str, float] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Load the evaluation networks before training."""
        if isinstance(pl_module, BaseCycleGAN) and stage in ("fit", "validate") and not is_dry_run(trainer):
            self._judges = Judges.of_files(self._files, regressor_in_the_loss(pl_module), "ValidationFigures: ")

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start an evaluation if this epoch is measured."""
        self._evaluator = None
        if not isinstance(pl_module, BaseCycleGAN) or trainer.sanity_checking or is_dry_run(trainer):
            return
        is_last = pl_module.current_epoch + 1 == trainer.max_epochs
        if self._last and pl_module.current_epoch % self._every_n_epochs and not is_last:
            return
        assert self._judges is not None, "setup comes first"
        self.begin(trainer, pl_module, self._judges, trainer.val_dataloaders, self._samples)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the new or the last metrics."""
        if self._evaluator is not None:
            figures = self._evaluator.figures()
            self._last = {
                f"val/{key}": math.nan if figure.value is None else figure.value
                for key, figure in figures.items()
                if key not in _NOT_LOGGED
            }
            self._evaluator = None
        if self._last and not trainer.sanity_checking:
            pl_module.log_dict(self._last, sync_dist=True)  # identical in all processes

    def state_dict(self) -> dict[str, object]:
        """The last metrics, for runs resumed between two measurements."""
        return {"last": self._last}

    def load_state_dict(self, state_dict: dict[str, object]) -> None:
        """Restore the last metrics."""
        self._last = dict(cast("dict[str, float]", state_dict["last"]))
