"""Checks which faces have usable landmarks."""

from __future__ import annotations

from torch import Tensor

MIN_EXTENT = 1.0
"""Minimum distance in pixels of the farthest landmark from the mean."""


def are_known(landmarks: Tensor) -> Tensor:
    """Whether all landmarks of a face are known and do not coincide.

    Args:
        landmarks: (B, 5, 2) pixels; NaN where unknown.

    Returns:
        (B,) bool.
    """
    centre = landmarks.mean(dim=1, keepdim=True)
    extent: Tensor = (landmarks - centre).norm(dim=2)
    return extent.amax(dim=1) > MIN_EXTENT  # comparisons with NaN are false
