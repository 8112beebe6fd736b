"""Losses of the image translation."""

from __future__ import annotations

from networks.losses.adversarial import AdversarialLoss, GanMode
from networks.losses.consistency import l1_consistency

__all__ = ["AdversarialLoss", "GanMode", "l1_consistency"]
