"""Boxes ``(N, 4)`` of x1, y1, x2, y2: the edges of what they cover, in pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Floats

Indices = NDArray[np.intp]

_TINY = np.finfo(np.float32).tiny


def calibrate(boxes: Floats, offsets: Floats) -> Floats:
    """Move each edge by its offset, given in sides of the box."""
    return boxes + offsets * np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def whole_squares(boxes: Floats) -> Floats:
    """Squares of the boxes' longer sides around their centres, brought to whole pixels; none is smaller than 1."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    halves = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) / 2
    corners = np.rint(centres - halves)
    sides = np.maximum(np.rint((centres + halves) - (centres - halves)), 1)
    return np.concatenate([corners, corners + sides], axis=1)


def suppress(boxes: Floats, scores: Floats, most: float, of_smaller: bool = False) -> Indices:
    """Greedy non-maximum suppression.

    Args:
        boxes: The boxes.
        scores: ``(N,)``.
        most: Largest overlap of two boxes that both stay.
        of_smaller: Measure the overlap by the smaller box, else by the union.

    Returns:
        Indices of those that stay, by falling score.
    """
    order = np.argsort(-scores, kind="stable")
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        shared = _intersections(boxes[best], boxes[order])
        whole = np.minimum(areas[best], areas[order]) if of_smaller else areas[best] + areas[order] - shared
        order = order[~(shared / np.maximum(whole, _TINY) > np.float64(most))]
    return np.array(kept, dtype=np.intp)


def _intersections(box: Floats, others: Floats) -> Floats:
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    areas: Floats = np.prod(np.maximum(sides, 0), axis=1)
    return areas
