"""Losses of the image translation."""

from __future__ import annotations

from networks.losses.adversarial import AdversarialLoss, GanMode
from networks.losses.background import background_mask, background_whiteness, hair_region, missing_hair
from networks.losses.consistency import l1_consistency
from networks.losses.gradient_penalty import r1_penalty
from networks.losses.landmark_consistency import landmark_consistency
from networks.losses.regions import masked_l1, mean_color_distance

__all__ = [
    "AdversarialLoss",
    "GanMode",
    "background_mask",
    "background_whiteness",
    "hair_region",
    "l1_consistency",
    "landmark_consistency",
    "masked_l1",
    "mean_color_distance",
    "missing_hair",
    "r1_penalty",
]
