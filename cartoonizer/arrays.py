"""Array types of the chain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""An image ``(H, W, 3)`` RGB or a mask ``(H, W)``, from 0 to 255."""

Floats = NDArray[np.float32]

Matrix = NDArray[np.float64]
"""A 2D similarity ``(2, 3)`` in pixels: rotation, scale and shift. Pixel centres have whole-number coordinates."""


def apply(matrix: NDArray[np.floating[Any]], points: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Apply a map ``(2, 3)`` to points ``(..., 2)``."""
    moved: NDArray[np.floating[Any]] = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def to_network(images: Pixels) -> Floats:
    """Convert images ``(B, H, W, 3)`` from 0 to 255 to network inputs ``(B, 3, H, W)`` in [-1, 1]."""
    scaled = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32)
    scaled /= np.float32(127.5)
    scaled -= np.float32(1)
    return scaled


def to_pixels(images: Floats) -> Pixels:
    """Convert ``(B, C, H, W)`` in [-1, 1] to ``(B, H, W, C)`` from 0 to 255, with clipping."""
    scaled = np.rint((images + np.float32(1)) * np.float32(127.5))
    pixels: Pixels = np.clip(scaled, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    return pixels
