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
        is_apart = ~_too_close(boxes[first], boxes[first], max_overlap, of_smaller)
        stays = np.ones(len(first), dtype=np.bool_)
        for place in range(len(first)):
            if stays[place]:
                stays[place + 1 :] &= is_apart[place, place + 1 :]
        kept.append(first[stays])
        if len(order):
            order = order[~_too_close(boxes[first[stays]], boxes[order], max_overlap, of_smaller).any(axis=0)]
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.intp)


def _too_close(boxes: Floats, others: Floats, max_overlap: float, of_smaller: bool) -> NDArray[np.bool_]:
    """(N, M) whether two boxes overlap by more than ``max_overlap``."""
    left, top, right, bottom = boxes.T[..., None]
    other_left, other_top, other_right, other_bottom = others.T
    shared = np.minimum(right, other_right)
    shared -= np.maximum(left, other_left)
    np.maximum(shared, 0, out=shared)
    heights = np.minimum(bottom, other_bottom)
    heights -= np.maximum(top, other_top)
    shared *= np.maximum(heights, 0, out=heights)
    areas, other_areas = (right - left) * (bottom - top), (other_right - other_left) * (other_bottom - other_top)
    whole = np.minimum(areas, other_areas) if of_smaller else areas + other_areas - shared
    return np.asarray(shared / np.maximum(whole, _TINY) > np.float64(max_overlap))
