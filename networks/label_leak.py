"""Label leak: how much other regions of a face change with the target hair colour."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from networks.landmarks.regions import cheek_mask
from networks.palette import hair_pixels

CORNER = 0.125
"""Side of the four background corners, relative to the image side."""

MIN_CHANGE = 0.02
"""Minimum change of the hair between colours, in [-1, 1], for the ratio to be defined."""


class LabelLeak(NamedTuple):
    """Change between colours relative to the change of the hair, (B,) float32; 0 is ideal, 1 equals the hair.

    NaN if the landmarks are unknown, no hair is visible, or its colour does not change.

    Attributes:
        cheeks: Change of the cheeks.
        background: Change of the image corners.
    """

    cheeks: Tensor
    background: Tensor


def label_leak(cartoons: Sequence[Tensor], landmarks: Tensor) -> LabelLeak:
    """Compares the cartoons of the same photos in several hair colours.

    The change of a region is the mean absolute RGB difference over all pairs of colours. The hair region is the union
    over all colours.

    Args:
        cartoons: (B, 3, H, W) in [-1, 1] for each of at least two colours.
        landmarks: (B, 5, 2) pixels, shared by all colours; NaN where unknown.

    Raises:
        ValueError: There are fewer than two colours.
    """
    if len(cartoons) < 2:
        raise ValueError(f"label_leak needs cartoons in at least two colours, got {len(cartoons)}")
    height, width = cartoons[0].shape[2:]
    pairs = [(first - second).abs().mean(dim=1) for first, second in combinations(cartoons, 2)]
    change = torch.stack(pairs).mean(dim=0)
    hair = _mean(change, torch.stack([hair_pixels(each, landmarks) for each in cartoons]).any(dim=0))
    hair = hair.where(hair >= MIN_CHANGE, torch.nan)
    cheeks = _mean(change, cheek_mask(landmarks, height, width)[:, 0] > 0)
    corners = _corners(height, width, change.device).expand_as(change)
    return LabelLeak(cheeks / hair, _mean(change, corners) / hair)


def _mean(values: Tensor, region: Tensor) -> Tensor:
    """Means over (B, H, W) regions; NaN if empty."""
    return (values * region).sum(dim=(1, 2)) / region.sum(dim=(1, 2))


def _corners(height: int, width: int, device: torch.device) -> Tensor:
    """(H, W) bool."""
    rows, columns = (max(1, round(CORNER * side)) for side in (height, width))
    mask = torch.zeros(height, width, dtype=torch.bool, device=device)
    for row in (slice(rows), slice(height - rows, height)):
        for column in (slice(columns), slice(width - columns, width)):
            mask[row, column] = True
    return mask
