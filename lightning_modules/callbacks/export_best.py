"""Exports the best checkpoint for the runtime after training."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from lightning_modules.runs import CHECKPOINT_FOLDER, is_dry_run

MIN_STEPS = 100
"""Shorter runs are considered trials and are not exported."""


class ExportBest(Callback):
    """Exports ``best.ckpt`` as ``best.cartoon`` in the same folder after a completed CycleGAN training.

    Networks other than the generator are copied from the runtime's bundled model if their weights are the same. A
    failed export is reported as a warning and does not fail the training.

    Args:
        min_steps: Minimum number of training steps for an export.
    """

    def __init__(self, min_steps: int = MIN_STEPS) -> None:
        self.min_steps = min_steps

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Export, in the first process."""
        best = Path(trainer.default_root_dir) / CHECKPOINT_FOLDER / "best.ckpt"
        is_cyclegan = hasattr(pl_module, "trained_generators")
        if not trainer.is_global_zero or is_dry_run(trainer) or not is_cyclegan or trainer.global_step < self.min_steps:
            return
        if not best.is_file():
            return
        try:
            path = _export(best)
        except Exception as error:  # exporters may raise anything, and the training must not fail
            reason = (str(error) or type(error).__name__).splitlines()[0]
            rank_zero_warn(f"{best} was not exported: {reason}; try again with `cartoongan export {best} --out FILE`")
        else:
            rank_zero_info(f"exported: cartoongan cartoonize PHOTO --model {path}")


def _export(checkpoint: Path) -> Path:
    from cartoonizer.model_file import OWN_MODEL, read_model
    from lightning_modules.export.cartoon_file import Source, write_cartoon_file
    from lightning_modules.export.trained import translator_of
    from lightning_modules.finisher import own_finisher

    with torch.random.fork_rng():
        translator, details = translator_of(checkpoint)
        finisher = own_finisher(translator.options.image_size, for_products=True)
        source, path = Source(translator, checkpoint, details, finisher), checkpoint.with_suffix(".cartoon")
        write_cartoon_file(source, path, half=True, known=read_model(OWN_MODEL))
    return path
