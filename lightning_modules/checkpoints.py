"""Safe reading of untrusted checkpoint files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning_modules.base import BaseCycleGAN
from lightning_modules.checkpoint_io import read_checkpoint
from lightning_modules.errors import UsageError

_CLASS_KEY = "_class_path"
_BEFORE: dict[str, dict[str, Any]] = {"datamodules.faces.FacesDataModule": {"background": "keep"}}
"""Options missing in older checkpoints by DataModule, with the values they were trained with."""
_OWN_KEYS = (_CLASS_KEY, "_instantiator")


def read_hyper_parameters(path: Path, model_class: str) -> dict[str, Any]:
    """The hyper-parameters of a checkpoint, as a config: ``{"model": {"init_args": …}, "data": {"init_args": …}}``.

    Args:
        path: A checkpoint of this project. Only tensors and plain values are read; no code in it is executed.
        model_class: Import path of the expected model.

    Raises:
        UsageError: The file is damaged, not a checkpoint, or belongs to another model.
    """
    return _options_of(_read(path), path, model_class)


def progress_of(path: Path) -> tuple[int, int]:
    """Epoch and training step of a checkpoint.

    Raises:
        UsageError: The file is damaged or not a checkpoint.
    """
    checkpoint = read_checkpoint(path)
    try:
        return int(checkpoint["epoch"]), int(checkpoint["global_step"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} has no training step; it is not a checkpoint") from error


def load_model(path: Path) -> BaseCycleGAN:
    """Load the model of a checkpoint for inference: in eval mode, on the CPU.

    Raises:
        UsageError: The file is damaged, or not a checkpoint of a CycleGAN of this project.
    """
    import lightning_modules

    checkpoint = _read(path)
    found = checkpoint["hyper_parameters"].get(_CLASS_KEY)
    if found is None:
        raise UsageError(f"{path} does not name its model; was it written by the `lightning` command?")
    model_class = getattr(lightning_modules, str(found).rpartition(".")[2], None)  # imports no other module
    if not (isinstance(model_class, type) and issubclass(model_class, BaseCycleGAN)):
        raise UsageError(f"{path} is a checkpoint of {found}, which is not a CycleGAN of this project")
    model = model_class(**_options_of(checkpoint, path, model_class.__name__)["model"]["init_args"])
    model.load_state_dict(checkpoint["state_dict"])
    return model.eval()


def _options_of(checkpoint: dict[str, Any], path: Path, model_class: str) -> dict[str, Any]:
    model = dict(checkpoint["hyper_parameters"])
    theirs = model.get(_CLASS_KEY, model_class)
    if theirs.rpartition(".")[2] != model_class.rpartition(".")[2]:
        raise UsageError(f"{path} is a checkpoint of {theirs}, but the config has {model_class}")
    data = dict(checkpoint.get("datamodule_hyper_parameters", {}))
    data = _BEFORE.get(str(data.get(_CLASS_KEY)), {}) | data
    return {
        section: {"init_args": {key: value for key, value in values.items() if key not in _OWN_KEYS}}
        for section, values in (("model", model), ("data", data))
    }


def _read(path: Path) -> dict[str, Any]:
    """Read a checkpoint of a LightningModule with its hyper-parameters.

    Raises:
        UsageError: The file is damaged or not such a checkpoint.
    """
    checkpoint = read_checkpoint(path)
    if "hyper_parameters" not in checkpoint:
        raise UsageError(f"{path} is not a checkpoint of a LightningModule of this project")
    return checkpoint
