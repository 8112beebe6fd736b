"""Plain PyTorch networks and losses: no trainer, no data."""

from __future__ import annotations

from networks.discriminators import DiscriminatorNorm, PatchDiscriminator
from networks.ema import ema_of
from networks.generators import (
    DenseNetGenerator,
    Generator,
    GeneratorName,
    LabelInjection,
    ResNetGenerator,
    UNetGenerator,
    Upsampling,
    build_generator,
)
from networks.image_pool import ImagePool
from networks.initialisation import init_weights
from networks.labels import append_labels, one_hot
from networks.losses import AdversarialLoss, GanMode, l1_consistency, r1_penalty

__all__ = [
    "AdversarialLoss",
    "DenseNetGenerator",
    "DiscriminatorNorm",
    "GanMode",
    "Generator",
    "GeneratorName",
    "ImagePool",
    "LabelInjection",
    "PatchDiscriminator",
    "ResNetGenerator",
    "UNetGenerator",
    "Upsampling",
    "append_labels",
    "build_generator",
    "ema_of",
    "init_weights",
    "l1_consistency",
    "one_hot",
    "r1_penalty",
]
