"""Intersection over union of masks."""

from __future__ import annotations

import torch
from torch import Tensor


def mask_overlaps(alphas: Tensor, masks: Tensor, threshold: float = 0.5) -> Tensor:
    """Intersection over union of each mask.

    Args:
        alphas: (B, C, H, W) in [0, 1].
        masks: Ground truth, likewise.
        threshold: Foreground threshold.

    Returns:
        (B, C) in [0, 1]; 1 if both are empty.
    """
    said, known = alphas > threshold, masks > threshold
    both = (said & known).sum(dim=(2, 3))
    either = (said | known).sum(dim=(2, 3))
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)
