"""Image-to-image networks."""

from __future__ import annotations

from networks.generators.base import Generator
from networks.generators.blocks import LabelInjection, Upsampling
from networks.generators.densenet import DenseNetGenerator
from networks.generators.enhancer import EnhancedGenerator
from networks.generators.factory import GeneratorName, build_generator
from networks.generators.resnet import ResNetGenerator
from networks.generators.unet import UNetGenerator

__all__ = [
    "DenseNetGenerator",
    "EnhancedGenerator",
    "Generator",
    "GeneratorName",
    "LabelInjection",
    "ResNetGenerator",
    "UNetGenerator",
    "Upsampling",
    "build_generator",
]
