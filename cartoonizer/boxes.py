"""Operations on boxes ``(N, 4)``, with edges x1, y1, x2, y2 in pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Floats

Indices = NDArray[np.intp]

_TINY = np.finfo(np.float32).tiny


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
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        shared = _intersections(boxes[best], boxes[order])
        whole = np.minimum(areas[best], areas[order]) if of_smaller else areas[best] + areas[order] - shared
        order = order[~(shared / np.maximum(whole, _TINY) > np.float64(max_overlap))]
    return np.array(kept, dtype=np.intp)


def _intersections(box: Floats, others: Floats) -> Floats:
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    areas: Floats = np.prod(np.maximum(sides, 0), axis=1)
    return areas
