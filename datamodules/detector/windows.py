"""Random square windows of an image for MTCNN's training (Zhang et al. 2016), by their overlap with faces.

Boxes and windows are (N, 4) float32 edges x1, y1, x2, y2 in pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEGATIVE_BELOW = 0.3
PART_FROM = 0.4
POSITIVE_FROM = 0.65
"""Overlap (IoU) with a face: negatives are below, parts and positives from. Windows in between are not used."""

Boxes = NDArray[np.float32]
Size = tuple[int, int]
"""Width and height in pixels."""

_TRIES = 4
"""Number of windows drawn for each requested one; those that fit are kept."""


def pairwise_iou(windows: Boxes, boxes: Boxes) -> NDArray[np.float32]:
    """(N, M) intersections over unions in [0, 1]; 0 for boxes without area."""
    corner = np.maximum(windows[:, None, :2], boxes[None, :, :2])
    opposite = np.minimum(windows[:, None, 2:], boxes[None, :, 2:])
    intersection = np.clip(opposite - corner, 0, None).prod(axis=2)
    union = areas(windows)[:, None] + areas(boxes)[None] - intersection
    return np.asarray(intersection / np.maximum(union, np.finfo(np.float32).tiny), dtype=np.float32)


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """(N,) areas; at least 0."""
    return np.asarray(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1), dtype=np.float32)


def windows_anywhere(size: Size, boxes: Boxes, count: int, min_side: float, rng: np.random.Generator) -> Boxes:
    """Up to ``count`` windows without a face; sides from ``min_side`` px to half the image's shorter side."""
    return _free_of_faces(_squares_anywhere(size, count * _TRIES, min_side, rng), boxes)[:count]


def windows_near(size: Size, boxes: Boxes, count: int, min_side: float, rng: np.random.Generator) -> Boxes:
    """Up to ``count`` windows that touch a face but overlap too little to be one."""
    faces = boxes[rng.integers(len(boxes), size=count * _TRIES)] if len(boxes) else boxes
    sides = rng.uniform(min_side, max(min_side + 1, min(size) / 2), size=len(faces))
    corners = rng.uniform(faces[:, :2] - sides[:, None], faces[:, 2:])
    windows = _inside(_squares(corners, sides), size)
    return _free_of_faces(windows, boxes)[:count]


def windows_around(box: Boxes, count: int, rng: np.random.Generator) -> Boxes:
    """Windows around a face: sides from 0.8 of its shorter to 1.25 of its longer side, centres off by up to 0.2.

    Args:
        box: (4,) edges of the face.
        count: Number of windows.
        rng: Random generator.
    """
    extent = box[2:] - box[:2]
    sides = rng.uniform(0.8 * extent.min(), 1.25 * extent.max(), size=count)
    centres = (box[:2] + box[2:]) / 2 + rng.uniform(-0.2, 0.2, size=(count, 2)) * extent
    return _squares(centres - sides[:, None] / 2, sides)


def to_whole_pixels(windows: Boxes) -> Boxes:
    """The nearest squares with integer corners and sides of at least 1."""
    corners, sides = windows[:, :2].round(), (windows[:, 2] - windows[:, 0]).round().clip(min=1)
    return _squares(corners, sides)


def inside(windows: Boxes, size: Size) -> NDArray[np.bool_]:
    """(N,) whether each window lies within the image."""
    return np.asarray((windows[:, :2] >= 0).all(axis=1) & (windows[:, 2:] <= size).all(axis=1), dtype=np.bool_)


def _squares_anywhere(size: Size, count: int, min_side: float, rng: np.random.Generator) -> Boxes:
    limit = min(size)
    if limit < min_side:
        return np.empty((0, 4), dtype=np.float32)
    sides = rng.uniform(min_side, max(min_side, limit / 2), size=count)
    return _squares(rng.uniform(size=(count, 2)) * (np.array(size) - sides[:, None]), sides)


def _free_of_faces(windows: Boxes, boxes: Boxes) -> Boxes:
    if not len(boxes):
        return windows
    is_free = pairwise_iou(windows, boxes).max(axis=1, initial=0.0) < NEGATIVE_BELOW
    return np.asarray(windows[is_free], dtype=np.float32)


def _inside(windows: Boxes, size: Size) -> Boxes:
    return np.asarray(windows[inside(windows, size)], dtype=np.float32)


def _squares(corners: NDArray[np.floating], sides: NDArray[np.floating]) -> Boxes:
    return np.concatenate((corners, corners + sides[:, None]), axis=1).astype(np.float32)
