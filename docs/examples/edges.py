"""A loss that preserves the edges of photos in their cartoons."""

from __future__ import annotations

import torch
from torch import Tensor


def edge_consistency(cartoons: Tensor, photos: Tensor) -> Tensor:
    """Mean absolute difference of the edge strengths of two batches.

    Args:
        cartoons: (B, 3, H, W) in [-1, 1].
        photos: (B, 3, H, W) in [-1, 1].

    Returns:
        A scalar; 0 if all edges are the same.
    """
    return (_edges(cartoons) - _edges(photos)).abs().mean()


def _edges(images: Tensor) -> Tensor:
    """Differences of neighbouring pixels of the grey image, (B, 2, H - 1, W - 1)."""
    grey = images.mean(dim=1)
    across = grey[:, :-1, 1:] - grey[:, :-1, :-1]
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    return torch.stack([across, down], dim=1).abs()
