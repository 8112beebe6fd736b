"""Face regions computed from landmarks: the face, the hair, and the cheeks, which a hair colour must not change."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_HALF_WIDTH = 0.75
_TOP, _BOTTOM = 0.30, 0.62
"""Extent of the cheeks in eye distances, from the face's axis and below the eyes; excludes eyes, brows and beard."""

_HAIR_HALF_WIDTH = 1.6
_HAIR_TOP, _HAIR_BOTTOM = -2.3, -0.4
"""The same for a band above the eyebrows: hair, forehead and their surroundings."""


_FACE_HALF_WIDTH = 1.05
_FACE_TOP, _FACE_BOTTOM = -0.5, 1.4
"""The same for the face from the eyebrows to below the mouth."""


def around_face_mask(landmarks: Tensor, height: int, width: int) -> Tensor:
    """Mask of everything beside and above the face, down to below the mouth: where hair can be.

    Args:
        landmarks: (B, 5, 2) pixels, x then y; NaN where unknown.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        (B, 1, height, width) float32, 1 inside and 0 outside; all zero for unknown landmarks.
    """
    above = _band(landmarks, height, width, math.inf, -math.inf, _FACE_BOTTOM)
    return above - _band(landmarks, height, width, _FACE_HALF_WIDTH, _FACE_TOP, _FACE_BOTTOM)


def cheek_mask(landmarks: Tensor, height: int, width: int) -> Tensor:
    """Mask of the cheeks and the bridge of the nose: a band below the eyes without hair.

    Args:
        landmarks: (B, 5, 2) pixels, x then y; NaN where unknown.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        (B, 1, height, width) float32, 1 inside and 0 outside; all zero for unknown landmarks.
    """
    return _band(landmarks, height, width, _HALF_WIDTH, _TOP, _BOTTOM)


def hair_mask(landmarks: Tensor, height: int, width: int) -> Tensor:
    """Mask of possible hair: a band above the eyebrows, which includes forehead and background.

    Args:
        landmarks: (B, 5, 2) pixels, x then y; NaN where unknown.
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        (B, 1, height, width) float32, 1 inside and 0 outside; all zero for unknown landmarks.
    """
    return _band(landmarks, height, width, _HAIR_HALF_WIDTH, _HAIR_TOP, _HAIR_BOTTOM)


def _band(landmarks: Tensor, height: int, width: int, half_width: float, top: float, bottom: float) -> Tensor:
    points = landmarks.float()
    left, right = points[:, 0], points[:, 1]
    centre, across = (left + right) / 2, right - left
    unit = across.norm(dim=1, keepdim=True).clamp(min=1e-6)
    across = across / unit
    rows = torch.arange(height, device=points.device, dtype=torch.float32)[None, :, None] - centre[:, 1, None, None]
    columns = torch.arange(width, device=points.device, dtype=torch.float32)[None, None, :] - centre[:, 0, None, None]
    cosine, sine, unit = across[:, 0, None, None], across[:, 1, None, None], unit[:, :, None]
    beside, below = (columns * cosine + rows * sine) / unit, (rows * cosine - columns * sine) / unit
    inside = (beside.abs() <= half_width) & (below >= top) & (below <= bottom)  # comparisons with NaN are false
    mask: Tensor = inside[:, None].float()
    return mask
