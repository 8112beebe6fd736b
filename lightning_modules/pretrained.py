"""Initialises a training from the networks of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from lightning_modules.checkpoint_io import read_checkpoint
from networks.generators import Generator
from networks.labels import LabelEncoder
from networks.warm_start import copy_weights
from networks.weights_file import WeightsError

_AVERAGE = "average.module."


def start_from_checkpoint(networks: Mapping[str, nn.ModuleDict], path: Path) -> None:
    """Initialise networks from a checkpoint, generators from their moving average if it has one.

    Unlike in a resumed run, optimisers, schedules, image pools and the order of the data start afresh.

    Args:
        networks: ``generators`` and ``discriminators``, as in the model; may have more labels than in the checkpoint.
        path: The checkpoint.

    Raises:
        WeightsError: The file is missing, not a CycleGAN checkpoint, or of another architecture.
        UsageError: The file is damaged, or not a checkpoint.
    """
    if not path.is_file():
        raise WeightsError(f"no such file: {path}")
    checkpoint = read_checkpoint(path)
    state: dict[str, Any] = checkpoint.get("state_dict", {})
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    tensors |= {
        f"generators.{name.removeprefix(_AVERAGE)}": value
        for name, value in tensors.items()
        if name.startswith(_AVERAGE)
    }
    new_labels = max(0, _labels_of(networks["generators"]) - _label_count(checkpoint.get("hyper_parameters", {})))
    for group, modules in networks.items():
        trained = {
            name.removeprefix(f"{group}."): value for name, value in tensors.items() if name.startswith(f"{group}.")
        }
        if odd := copy_weights(modules.state_dict(), trained, new_labels):
            raise WeightsError(f"{path} has another architecture: {group}.{odd} differs")


def _labels_of(generators: nn.ModuleDict) -> int:
    generator = generators["cartoon"]
    assert isinstance(generator, Generator)
    return generator.num_labels


def _label_count(options: Mapping[str, Any]) -> int:
    """Length of the label vector of a checkpoint's model; earlier versions have glasses as the only attribute."""
    attributes = options.get("attributes", ("glasses",) if options.get("glasses") else ())
    return LabelEncoder(int(options.get("num_labels", 0)), tuple(attributes)).size
