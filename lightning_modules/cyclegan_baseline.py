"""The paper's baseline (4.3)."""

from __future__ import annotations

from lightning_modules.base import BaseCycleGAN


class CycleGANBaseline(BaseCycleGAN):
    """Plain CycleGAN: two generators, two discriminators; adversarial, cycle and identity losses."""
