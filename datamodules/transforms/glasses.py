"""Frames of glasses in CartoonSet heads, found by their exact colours."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
from numpy.typing import NDArray

PALE_FRAMES = ((255, 246, 238), (255, 232, 110), (255, 210, 110), (239, 154, 154), (204, 74, 74))
"""RGB of CartoonSet's pale and bright frames; the white of eyes is (255, 255, 255)."""

DARK_FRAMES = ((22, 22, 22), (62, 35, 19), (36, 44, 78))
"""RGB of dark frames: black, brown, navy."""

GLASSES_AREA = (0.27, 0.43, 0.73, 0.66)
"""x1, y1, x2, y2 of the area of glasses, relative to the image side."""

_TOLERANCE = 10
_MIN_PIXELS = 40
"""At 500 px: parts of a frame are larger, highlights and the edge of eye whites smaller."""


def frame_mask(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of pale or bright frames of glasses.

    Args:
        rgb: ``(S, S, 3)`` CartoonSet head in its published size and framing. Resampled images have mixed colours, in
            which thin frames are lost.

    Returns:
        ``(S, S)``; all False where there is no such frame.
    """
    side = rgb.shape[0]
    left, top, right, bottom = (round(edge * side) for edge in GLASSES_AREA)
    area = rgb[top:bottom, left:right].astype(np.int16)
    mask = np.zeros((side, side), bool)
    for color in PALE_FRAMES:
        near = np.abs(area - np.array(color, np.int16)).max(axis=2) <= _TOLERANCE
        _, parts, stats, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8), connectivity=8)
        large = stats[:, cv2.CC_STAT_AREA] >= _MIN_PIXELS * (side / 500) ** 2
        large[0] = False  # the background
        mask[top:bottom, left:right] |= large[parts]
    return mask


def with_dark_frames(rgba: NDArray[np.uint8], mask: NDArray[np.bool_], name: str) -> NDArray[np.uint8]:
    """The same head with its frames in a dark colour, which ``name`` decides.

    Args:
        rgba: ``(S, S, 4)`` head.
        mask: ``(T, T)``: ``frame_mask`` of the head, or of a larger one of the same glasses.
        name: Its file name.

    Returns:
        ``(S, S, 4)``.
    """
    # Two pixels more cover the blended edge, and make thin frames bold enough for small sizes.
    covered = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8))
    weight = cv2.resize(covered.astype(np.float32), rgba.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None]
    color = np.array(DARK_FRAMES[hashlib.sha256(name.encode()).digest()[0] % len(DARK_FRAMES)], np.float32)
    drawn = rgba.copy()
    drawn[..., :3] = np.rint(weight * color + (1 - weight) * rgba[..., :3]).astype(np.uint8)
    return drawn
