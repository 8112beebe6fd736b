"""Builds generators by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from networks.generators.base import Generator
from networks.generators.blocks import LabelInjection, Upsampling
from networks.generators.densenet import DenseNetGenerator
from networks.generators.enhancer import EnhancedGenerator
from networks.generators.resnet import ResNetGenerator
from networks.generators.unet import UNetGenerator

GeneratorName = Literal["resnet9", "resnet6", "unet", "densenet", "resnet9_enhanced", "resnet6_enhanced"]

_GENERATORS: dict[GeneratorName, Callable[..., Generator]] = {
    "resnet9": partial(ResNetGenerator, n_blocks=9),
    "resnet6": partial(ResNetGenerator, n_blocks=6),
    "unet": UNetGenerator,
    "densenet": DenseNetGenerator,
    "resnet9_enhanced": partial(EnhancedGenerator, n_blocks=9),
    "resnet6_enhanced": partial(EnhancedGenerator, n_blocks=6),
}


def build_generator(
    name: GeneratorName,
    in_channels: int = 3,
    out_channels: int = 3,
    ngf: int = 64,
    upsampling: Upsampling = "transposed",
    num_labels: int = 0,
    label_injection: LabelInjection = "concat",
) -> Generator:
    """Builds one of the backbones that the paper compares (4.4), or a ResNet with a local enhancer (pix2pixHD).

    Args:
        name: Name of the backbone.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels of the first convolution.
        upsampling: Upsampling method.
        num_labels: Number of label classes, which enter every convolution (4.5); 0 for none.
        label_injection: How the label enters.

    Returns:
        The generator with PyTorch's default initialisation; see ``init_weights``.

    Raises:
        ValueError: If ``name`` or ``upsampling`` is unknown.
    """
    if name not in _GENERATORS:
        raise ValueError(f"unknown generator {name!r}, expected one of {', '.join(_GENERATORS)}")
    return _GENERATORS[name](
        in_channels=in_channels,
        out_channels=out_channels,
        ngf=ngf,
        upsampling=upsampling,
        num_labels=num_labels,
        label_injection=label_injection,
    )
