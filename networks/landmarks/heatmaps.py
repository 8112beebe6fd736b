"""Landmark heatmaps: one Gaussian per landmark (paper 4.6.1)."""

from __future__ import annotations

import torch
from torch import Tensor

HEATMAP_SIGMA = 0.03
"""Standard deviation relative to the image's longer side; the paper does not give one."""


def landmark_heatmaps(landmarks: Tensor, height: int, width: int, sigma: float = HEATMAP_SIGMA) -> Tensor:
    """One heatmap per landmark, as additional input channels of a generator.

    Args:
        landmarks: (B, N, 2) pixels, x then y; NaN where unknown.
        height: Rows of the image.
        width: Columns of the image.
        sigma: Standard deviation relative to the longer side.

    Returns:
        (B, N, height, width) float32 in [0, 1]: 1 at the landmark, all zero if it is unknown.
    """
    is_known = landmarks.isfinite().all(dim=2)
    planes = gaussians(landmarks.nan_to_num(), height, width, sigma * max(height, width))
    return planes * is_known[:, :, None, None]


def gaussians(points: Tensor, height: int, width: int, sigma: float) -> Tensor:
    """Gaussians of height 1 around points.

    They are separable, so only one exponential per row and column is computed instead of one per pixel.

    Args:
        points: (B, N, 2) pixels, x then y.
        height: Rows of the planes.
        width: Columns of the planes.
        sigma: Standard deviation in pixels.

    Returns:
        (B, N, height, width) float32 in (0, 1].
    """
    columns = _bells(points[:, :, 0], width, sigma)
    rows = _bells(points[:, :, 1], height, sigma)
    return rows[:, :, :, None] * columns[:, :, None, :]


def _bells(positions: Tensor, length: int, sigma: float) -> Tensor:
    """(B, N) positions to (B, N, length) one-dimensional Gaussians."""
    pixels = torch.arange(length, device=positions.device)
    return torch.exp(-0.5 * ((pixels - positions[:, :, None].float()) / sigma).square())
