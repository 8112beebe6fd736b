"""How much of a face changes with the hair colour that it is asked for, and should not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from networks.landmarks.regions import cheek_mask
from networks.palette import hair_pixels

CORNER = 0.125
"""Side of the four corners that are background, in sides of the image."""

LEAST_CHANGE = 0.02
"""Hair that changes by less from colour to colour, in [-1, 1], has none to compare with."""


class LabelLeak(NamedTuple):
    """Change from colour to colour beside that of the hair, (B,) float32; 0 is ideal, 1 as much as the hair.

    NaN where the landmarks are unknown, no hair is seen, or its colour does not change.

    Attributes:
        cheeks: Of the cheeks.
        background: Of the corners of the image.
    """

    cheeks: Tensor
    background: Tensor


def label_leak(cartoons: Sequence[Tensor], landmarks: Tensor) -> LabelLeak:
    """Compare the cartoons of the same photos in several hair colours.

    The change of a region is the mean absolute difference of its RGB, over all pairs of colours. The hair is what shows
    hair in any of them.

    Args:
        cartoons: Of each colour (B, 3, H, W) in [-1, 1], two or more.
        landmarks: (B, 5, 2) pixels, of all of them; NaN where they are unknown.

    Raises:
        ValueError: There are fewer than two.
    """
    if len(cartoons) < 2:
        raise ValueError(f"the leak takes cartoons in two colours or more, got {len(cartoons)}")
    height, width = cartoons[0].shape[2:]
    pairs = [(first - second).abs().mean(dim=1) for first, second in combinations(cartoons, 2)]
    change = torch.stack(pairs).mean(dim=0)
    hair = _mean(change, torch.stack([hair_pixels(each, landmarks) for each in cartoons]).any(dim=0))
    hair = hair.where(hair >= LEAST_CHANGE, torch.nan)
    cheeks = _mean(change, cheek_mask(landmarks, height, width)[:, 0] > 0)
    corners = _corners(height, width, change.device).expand_as(change)
    return LabelLeak(cheeks / hair, _mean(change, corners) / hair)


def _mean(values: Tensor, region: Tensor) -> Tensor:
    """Means over (B, H, W) regions; NaN where one is empty."""
    return (values * region).sum(dim=(1, 2)) / region.sum(dim=(1, 2))


def _corners(height: int, width: int, device: torch.device) -> Tensor:
    """(H, W) bool."""
    rows, columns = (max(1, round(CORNER * side)) for side in (height, width))
    mask = torch.zeros(height, width, dtype=torch.bool, device=device)
    for row in (slice(rows), slice(height - rows, height)):
        for column in (slice(columns), slice(width - columns, width)):
            mask[row, column] = True
    return mask
