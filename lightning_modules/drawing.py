"""Draws points and lines into batches of images."""

from __future__ import annotations

import torch
from torch import Tensor

RED = (1.0, -0.9, -0.9)
GREEN = (-0.7, 0.8, -0.6)
POINT_RADIUS = 0.015
LINE_RADIUS = 0.004
"""Radii relative to the image's width; lines are at least one pixel thick."""


def draw_points(images: Tensor, points: Tensor, colour: tuple[float, float, float] = GREEN) -> Tensor:
    """Draws dots.

    Args:
        images: (B, 3, H, W) in [-1, 1].
        points: (B, N, 2) pixels; unknown ones (NaN) are skipped.
        colour: RGB in [-1, 1].

    Returns:
        (B, 3, H, W).
    """
    return _paint(images, points, points, max(1.0, POINT_RADIUS * images.shape[3]), colour)


def draw_lines(images: Tensor, starts: Tensor, ends: Tensor, colour: tuple[float, float, float] = RED) -> Tensor:
    """Draws straight lines.

    Args:
        images: (B, 3, H, W) in [-1, 1].
        starts: (B, N, 2) pixels; lines with NaN are skipped.
        ends: (B, N, 2) pixels; lines with NaN are skipped.
        colour: RGB in [-1, 1].

    Returns:
        (B, 3, H, W).
    """
    return _paint(images, starts, ends, max(0.5, LINE_RADIUS * images.shape[3]), colour)


def draw_matches(upper: Tensor, lower: Tensor, upper_points: Tensor, lower_points: Tensor) -> tuple[Tensor, Tensor]:
    """Draws lines between the points of vertically stacked images, as in the paper's Fig. 7 and 12.

    Args:
        upper: (B, 3, H, W) in [-1, 1].
        lower: (B, 3, H, W) in [-1, 1].
        upper_points: (B, N, 2) pixels of the upper images.
        lower_points: (B, N, 2) pixels of the lower images.

    Returns:
        Both, (B, 3, H, W).
    """
    below = lower_points + lower_points.new_tensor([0, upper.shape[2]])
    upper_half, lower_half = draw_lines(torch.cat([upper, lower], dim=2), upper_points, below).chunk(2, dim=2)
    return upper_half, lower_half


def _paint(images: Tensor, starts: Tensor, ends: Tensor, radius: float, colour: tuple[float, float, float]) -> Tensor:
    """Colours the pixels within a radius of the segments, antialiased over one pixel."""
    y, x = (torch.arange(length, device=images.device, dtype=torch.float32) for length in images.shape[2:])
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2)
    along, off = (ends - starts)[:, :, None, None], pixels - starts[:, :, None, None]
    share = (off * along).sum(dim=4) / along.square().sum(dim=4).clamp(min=1e-6)
    distance = (off - share.clamp(0, 1)[..., None] * along).norm(dim=4)
    cover = (radius + 0.5 - distance).nan_to_num(0).clamp(0, 1).amax(dim=1, keepdim=True)
    painted: Tensor = images + cover * (images.new_tensor(colour)[:, None, None] - images)
    return painted
