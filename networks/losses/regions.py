"""Losses on a masked region of the face."""

from __future__ import annotations

import torch
from torch import Tensor


def masked_l1(first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of two images inside a mask.

    Args:
        first: (B, C, H, W).
        second: The same.
        mask: (B, 1, H, W), 1 inside and 0 outside.

    Returns:
        Scalar, float32: the mean over channels and all masked pixels; zero for empty masks.
    """
    change = ((first - second).abs().mean(dim=1, keepdim=True) * mask.to(first)).float().sum()
    return change / mask.float().sum().clamp(min=1)


def mean_color_distance(first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
    """L1 distance between the mean colors of two images inside a mask, independent of the content's layout.

    Args:
        first: (B, C, H, W).
        second: The same.
        mask: (B, 1, H, W), 1 inside and 0 outside.

    Returns:
        Scalar, float32: the mean over channels and images with non-empty masks; zero if there are none.
    """
    area = mask.sum(dim=(2, 3))
    colors = [(images.float() * mask).sum(dim=(2, 3)) / area.clamp(min=1) for images in (first, second)]
    has_area = area[:, 0] > 0
    distance = (colors[0] - colors[1]).abs().mean(dim=1)
    return torch.where(has_area, distance, 0).sum() / has_area.sum().clamp(min=1)
