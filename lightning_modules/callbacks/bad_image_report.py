"""Reports images that were skipped because they are unreadable."""

from __future__ import annotations

import warnings

from lightning import Callback, LightningModule, Trainer

from datamodules.sampling.bad_images import BadImageLog

_SHOWN = 20


class BadImageReport(Callback):
    """After each epoch, reports the images skipped by ``--data.on_bad_image skip``."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the images skipped by this process's loader; every process reports its own."""
        log: BadImageLog | None = getattr(trainer.datamodule, "bad_images", None)  # type: ignore[attr-defined]
        complaints = log.take() if log else None
        if complaints:
            listed = [f"  {complaint} ({count} times)" for complaint, count in complaints.most_common(_SHOWN)]
            more = [f"  and {len(complaints) - _SHOWN} more"] if len(complaints) > _SHOWN else []
            summary = f"epoch {trainer.current_epoch}: {len(complaints)} unreadable images, {complaints.total()} skips"
            warnings.warn("\n".join([summary, *listed, *more]), stacklevel=2)
