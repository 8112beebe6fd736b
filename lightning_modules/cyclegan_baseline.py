"""The paper's baseline (4.3)."""

from __future__ import annotations

from lightning_modules.base import BaseCycleGAN


class CycleGANBaseline(BaseCycleGAN):
    """CycleGAN without label or landmark: two generators, two discriminators; adversarial, cycle, identity losses."""
