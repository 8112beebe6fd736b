"""Operations on boxes ``(N, 4)``, with edges x1, y1, x2, y2 in pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Floats

Indices = NDArray[np.intp]

_TINY = np.finfo(np.float32).tiny
_AT_ONCE = 256
"""Boxes that are compared with each other at once."""


def calibrate(boxes: Floats, offsets: Floats) -> Floats:
    """Move each edge by its offset, relative to the box's side."""
    return boxes + offsets * np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def whole_squares(boxes: Floats) -> Floats:
    """Squares with the boxes' longer sides around their centres, rounded to whole pixels, at least 1."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    halves = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    corners = np.rint(centres - halves)
    sides = np.maximum(np.rint((centres + halves) - (centres - halves)), 1)
    return np.concatenate([corners, corners + sides], axis=1)


def suppress(boxes: Floats, scores: Floats, max_overlap: float, of_smaller: bool = False) -> Indices:
    """Greedy non-maximum suppression.

    Args:
        boxes: The boxes.
        scores: ``(N,)``.
        max_overlap: Maximum overlap of two boxes that are both kept.
        of_smaller: Measure the overlap relative to the smaller box instead of the union.

    Returns:
        Indices of the kept boxes, by descending score.
    """
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        first, order = order[:_AT_ONCE], order[_AT_ONCE:]
        stays = np.ones(len(first), dtype=np.bool_)
        for place, is_close in enumerate(_too_close(boxes[first], boxes[first], max_overlap, of_smaller)):
            if stays[place]:
                stays[place + 1 :] &= ~is_close[place + 1 :]
        kept.append(first[stays])
        if len(order):
            order = order[~_too_close(boxes[first[stays]], boxes[order], max_overlap, of_smaller).any(axis=0)]
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.intp)


def _too_close(boxes: Floats, others: Floats, max_overlap: float, of_smaller: bool) -> NDArray[np.bool_]:
    """(N, M) whether two boxes overlap by more than ``max_overlap``."""
    corners = np.maximum(boxes[:, None, :2], others[None, :, :2])
    sides = np.minimum(boxes[:, None, 2:], others[None, :, 2:]) - corners
    shared = np.maximum(sides[..., 0], 0) * np.maximum(sides[..., 1], 0)
    areas, other_areas = (np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (boxes, others))
    whole = np.minimum(areas[:, None], other_areas) if of_smaller else areas[:, None] + other_areas - shared
    return np.asarray(shared / np.maximum(whole, _TINY) > np.float64(max_overlap))
