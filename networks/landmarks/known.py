"""Which faces have landmarks that something can be made of."""

from __future__ import annotations

from torch import Tensor

LEAST_EXTENT = 1.0
"""Pixels; landmarks that are all closer to their middle are no face."""


def are_known(landmarks: Tensor) -> Tensor:
    """Whether the landmarks of a face are known, all of them, and more than a single spot.

    Args:
        landmarks: (B, 5, 2) pixels; NaN where they are unknown.

    Returns:
        (B,) bool.
    """
    middle = landmarks.mean(dim=1, keepdim=True)
    extent: Tensor = (landmarks - middle).norm(dim=2)
    return extent.amax(dim=1) > LEAST_EXTENT  # no comparison with NaN holds
