"""Closed mouths for CartoonSet heads, which all show their teeth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LINE = (22, 22, 22)
"""RGB of CartoonSet's outlines."""

BENDS = (1.0, 4.0, 7.0)
"""How far the middle of a closed mouth is below its corners, at 500 px: straight, friendly, smiling."""

_SIDE = 500.0
_CENTRE, _TOP = 249.5, 329.0
_TEETH_HALF_WIDTH, _TEETH_HEIGHT, _BELOW = 31.0, 25.0, 8.0
_HALF_WIDTH, _CORNERS, _THICKNESS = 25.0, 333.5, 5.5
"""Geometry of the open and of the closed mouth at 500 px; the corners are those of ``cartoonset.LANDMARKS``."""

_FINENESS = 8


def with_closed_mouth(rgba: NDArray[np.uint8], bend: float) -> NDArray[np.uint8]:
    """The same head with a closed mouth: a dark line on what surrounds the teeth.

    Args:
        rgba: ``(S, S, 4)`` CartoonSet head in the published framing, of any size.
        bend: How far the middle of the line is below its corners, at 500 px.

    Returns:
        ``(S, S, 4)``.
    """
    side = rgba.shape[0]
    place = np.linspace(-1, 1, 41)
    arch = 1 - place**2
    x = _CENTRE + _TEETH_HALF_WIDTH * place
    top, bottom = np.full_like(x, _TOP), _TOP + 2 + _TEETH_HEIGHT * arch
    teeth = _polygon(x, top, bottom, side)
    below = (_polygon(x, bottom, bottom + _BELOW, side) > 0) & (teeth == 0)
    rgb = rgba[..., :3].astype(np.float32)
    rgb += teeth[..., None] * (np.median(rgb[below], axis=0) - rgb)  # a moustache above is no skin
    middle, half = _CORNERS + bend * arch, _THICKNESS / 2 * np.sqrt(arch)
    line = _polygon(_CENTRE + _HALF_WIDTH * place, middle - half, middle + half, side)[..., None]
    mixed = rgb + line * (np.array(LINE, np.float32) - rgb)
    return np.dstack([np.rint(mixed).astype(np.uint8), rgba[..., 3]])


def _polygon(
    x: NDArray[np.float64], top: NDArray[np.float64], bottom: NDArray[np.float64], side: int
) -> NDArray[np.float32]:
    """Coverage ``(side, side)`` in [0, 1] of the area between two curves, given at 500 px."""
    outline = np.concatenate([np.stack([x, top], axis=1), np.stack([x, bottom], axis=1)[::-1]])
    points = np.rint((outline + 0.5) * (side * _FINENESS / _SIDE) - 0.5).astype(np.int32)
    fine = np.zeros((side * _FINENESS, side * _FINENESS), np.uint8)
    cv2.fillPoly(fine, [points], 255)
    coverage = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    return coverage.astype(np.float32) / np.float32(255)
