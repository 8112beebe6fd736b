"""Initialises a training from the networks of a checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from lightning_modules.checkpoint_io import read_checkpoint
from lightning_modules.discriminators import SCALES, Discriminator, LabelDiscriminator
from networks.generators import EnhancedGenerator, Generator
from networks.labels import LabelEncoder
from networks.warm_start import copy_weights
from networks.weights_file import WeightsError

_AVERAGE = "average.module."


def start_from_checkpoint(networks: Mapping[str, nn.ModuleDict], path: Path) -> None:
    """Initialise networks from a checkpoint, generators from their moving average if it has one.

    Unlike in a resumed run, optimisers, schedules, image pools and the order of the data start afresh.

    A checkpoint of a generator without enhancer, trained at half the size, initialises the coarse part of enhanced
    generators. Each discriminator then starts from the one that saw images of its size, or else of the next size.

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
    generators = _of_group(tensors, "generators")
    discriminators = _of_group(tensors, "discriminators")
    own = dict(networks)
    enhanced = {
        domain: generator
        for domain, generator in networks["generators"].items()
        if isinstance(generator, EnhancedGenerator) and f"{domain}.coarse.stem.conv.weight" not in generators
    }
    if enhanced:
        own["generators"] = nn.ModuleDict({domain: generator.coarse for domain, generator in enhanced.items()})
        discriminators = _at_twice_the_size(discriminators, networks["discriminators"])
    known = _KnownLabels(checkpoint.get("hyper_parameters", {}))
    for group, trained in (("generators", generators), ("discriminators", discriminators)):
        for name in sorted({*own[group], *_names(trained)}):
            network = own[group][name] if name in own[group] else nn.Module()
            if odd := copy_weights(network.state_dict(), _of_group(trained, name), known.new_labels_of(network)):
                raise WeightsError(f"{path} has another architecture: {group}.{name}.{odd} differs")
    for generator in enhanced.values():
        generator.start_from_coarse()


def _of_group(tensors: Mapping[str, Tensor], group: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{group}."): value for name, value in tensors.items() if name.startswith(f"{group}.")}


def _names(tensors: Iterable[str]) -> set[str]:
    """The networks of a group, by the names of their tensors."""
    return {name.partition(".")[0] for name in tensors}


def _at_twice_the_size(trained: Mapping[str, Tensor], wanted: Iterable[str]) -> dict[str, Tensor]:
    """Weights for the discriminators ``wanted`` at twice the image size."""
    names = _names(trained)
    return {
        f"{name}.{tensor}": value
        for name in wanted
        for tensor, value in _of_group(trained, _same_size(name, names)).items()
    }


def _same_size(name: str, trained: Collection[str]) -> str:
    """The trained discriminator that saw images of the size that ``name`` sees at twice the size; or itself."""
    for larger, smaller in pairwise(suffix for suffix, _ in SCALES):
        if name.endswith(smaller) and (source := name.removesuffix(smaller) + larger) in trained:
            return source
    return name


class _KnownLabels:
    """What the networks of a checkpoint know of labels, by the options of its model.

    Earlier versions have glasses as the only attribute.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        attributes = options.get("attributes", ("glasses",) if options.get("glasses") else ())
        self._encoder = LabelEncoder(int(options.get("num_labels", 0)), tuple(attributes))
        self._has_local_attributes = bool(options.get("local_attributes"))

    def new_labels_of(self, network: nn.Module) -> int:
        """How many more labels a generator or discriminator takes than that of the checkpoint."""
        if isinstance(network, Generator):
            return max(0, network.num_labels - self._encoder.size)
        if not isinstance(network, Discriminator) or network.encoder is None:
            return 0
        if isinstance(network, LabelDiscriminator):
            return max(0, network.encoder.size - self._encoder.size)
        attributes = self._encoder.attributes if self._has_local_attributes else ()
        known = [name for name in network.encoder.attributes if name in attributes]
        return network.encoder.size - LabelEncoder(0, tuple(known)).size
