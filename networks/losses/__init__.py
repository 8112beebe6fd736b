"""Losses of the image translation."""

from __future__ import annotations

from networks.losses.adversarial import AdversarialLoss, GanMode
from networks.losses.consistency import l1_consistency
from networks.losses.gradient_penalty import r1_penalty

__all__ = ["AdversarialLoss", "GanMode", "l1_consistency", "r1_penalty"]
