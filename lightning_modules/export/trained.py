"""Exports the photo-to-cartoon generator of a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from lightning_modules.checkpoints import load_model, progress_of, read_hyper_parameters
from lightning_modules.errors import UsageError
from networks.generators import Generator
from networks.translator import Translator, TranslatorOptions


def translator_of(checkpoint: Path) -> tuple[Translator, dict[str, object]]:
    """The cartoon generator of a checkpoint; its moving average if there is one.

    Args:
        checkpoint: A checkpoint of any variant.

    Returns:
        The translator, and its training options for a model card.

    Raises:
        UsageError: The file is damaged, or not a checkpoint of a CycleGAN of this project.
    """
    model = load_model(checkpoint)
    trained = read_hyper_parameters(checkpoint, type(model).__name__)
    data: dict[str, Any] = trained["data"]["init_args"]
    if "image_size" not in data:
        raise UsageError(f"{checkpoint} does not record its image size; it was not trained with a FacesDataModule")
    inputs = model.generator_inputs()
    options = TranslatorOptions(
        generator=model.hparams["generator"],
        ngf=model.hparams["ngf"],
        upsampling=model.hparams["upsampling"],
        num_labels=model.hparams.get("num_labels", 0),
        attributes=tuple(model.hparams.get("attributes", ())),
        label_injection=inputs.get("label_injection", "concat"),
        heatmaps=inputs["in_channels"] > 3,
        image_size=data["image_size"],
        background=data.get("background", "keep"),
    )
    epoch, step = progress_of(checkpoint)
    kept = {name: value for name, value in trained["model"]["init_args"].items() if name != "detector_weights"}
    details = {"variant": type(model).__name__, "epoch": epoch, "step": step, "model": kept}
    return Translator(cast(Generator, model.trained_generators["cartoon"]), options), details
