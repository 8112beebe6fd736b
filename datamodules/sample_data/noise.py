"""Random textures: smooth mottling and hair strands."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datamodules.sample_data.geometry import Floats


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Floats:
    """Smooth Gaussian noise (H, W) with about unit variance and features ``cell`` pixels wide."""
    rows, columns = (max(2, round(side / max(cell, 1.0)) + 1) for side in shape)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)


def strand_noise(rng: np.random.Generator, across: NDArray[np.floating], along: NDArray[np.floating]) -> Floats:
    """Noise that is rough from strand to strand and smooth along each strand.

    Args:
        rng: Source of the texture.
        across: Coordinate (H, W) across the strands, one unit per strand.
        along: Coordinate (H, W) along a strand, one unit per change of tone.

    Returns:
        Values (H, W) with about zero mean and unit variance.
    """
    table = rng.standard_normal((512, 64), dtype=np.float32)
    fine = _lookup(table, across, along)
    locks = _lookup(np.roll(table, 77, 0), across / 7.0, along * 0.7)
    return np.asarray((fine + 1.2 * locks) * 0.9, np.float32)


def _lookup(table: Floats, row: NDArray[np.floating], column: NDArray[np.floating]) -> Floats:
    columns = np.broadcast_to(np.mod(column, table.shape[1] - 1), row.shape).astype(np.float32)
    rows = np.mod(row, table.shape[0] - 1).astype(np.float32)
    return cv2.remap(table, columns, rows, cv2.INTER_LINEAR).astype(np.float32)
