"""Operations on boxes: (N, 4) float32 x1, y1, x2, y2, the edges of the box in pixels.

Edges lie between pixels: the box 0, 0, W, H is the whole image, a box is x2 - x1 pixels wide, and column i reaches from
x = i to x = i + 1. MTCNN's original code uses 1-based indices of the first and last pixel instead, and measures a box
by their difference, one pixel short, until RNet has refined it. Weights trained that way depend on it for small faces,
so we reproduce it for them (`MTCNN.one_based`).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from networks.mtcnn.nets import PNET_SIDE, PNET_STRIDE

Overlap = Literal["union", "smaller"]
"""Denominator of the overlap: the area of the union, or that of the smaller box."""


def decode_cells(columns: Tensor, rows: Tensor, scale: float, one_based: bool = False) -> Tensor:
    """Boxes of PNet's windows on one pyramid level.

    Args:
        columns: (N,) columns in PNet's output.
        rows: (N,) rows in PNet's output.
        scale: Scale of the level relative to the image.
        one_based: As in MTCNN's code, divide whole-number pixel indices by the scale; on coarse levels this moves
            the upper left edges inwards by up to 1/12 of the box.

    Returns:
        (N, 4) boxes in the image.
    """
    corners = (torch.stack((columns, rows), dim=1) * PNET_STRIDE).float()
    if one_based:
        return torch.cat((((corners + 1) / scale).floor() - 1, ((corners + PNET_SIDE) / scale).floor()), dim=1)
    return torch.cat((corners / scale, (corners + PNET_SIDE) / scale), dim=1)


def calibrate(boxes: Tensor, offsets: Tensor, shortfall: float = 0.0) -> Tensor:
    """Moves each edge by its offset, relative to the side of the box.

    Args:
        boxes: (N, 4).
        offsets: (N, 4), of x1, y1, x2, y2.
        shortfall: Pixels by which the measured sides are too short.
    """
    sides = boxes[:, 2:] - boxes[:, :2] - shortfall
    return boxes + offsets * sides.repeat(1, 2)


def square(boxes: Tensor) -> Tensor:
    """Squares with the boxes' longer sides and the same centres: (N, 4) to (N, 4)."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    halves = (boxes[:, 2:] - boxes[:, :2]).amax(dim=1, keepdim=True) / 2
    return torch.cat((centres - halves, centres + halves), dim=1)


def to_whole_pixels(squares: Tensor) -> Tensor:
    """The nearest squares (N, 4) with integer corners and sides of at least 1."""
    corners, sides = squares[:, :2].round(), (squares[:, 2:] - squares[:, :2]).round().clamp(min=1)
    return torch.cat((corners, corners + sides), dim=1)


def place_landmarks(boxes: Tensor, landmarks: Tensor, is_half_a_pixel_off: bool = False) -> Tensor:
    """Converts box-relative landmarks to image pixels: x1 + side * landmark - 0.5, from edges to pixel centres.

    Args:
        boxes: (N, 4).
        landmarks: (N, 5, 2) from the box's upper left corner, relative to its sides.
        is_half_a_pixel_off: Omit the half pixel, for nets that were trained without it.

    Returns:
        (N, 5, 2) pixels, x then y; whole numbers are pixel centres, as in the published annotations.
    """
    sides = boxes[:, None, 2:] - boxes[:, None, :2]
    return boxes[:, None, :2] + landmarks * sides - (0.0 if is_half_a_pixel_off else 0.5)


def nms_by_group(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float, shortfall: float = 0.0) -> Tensor:
    """Non-maximum suppression by intersection over union within each group.

    Args:
        boxes: (N, 4).
        scores: (N,).
        groups: (N,) int64; boxes of different groups do not suppress each other.
        threshold: Maximum overlap of two kept boxes.
        shortfall: Pixels by which the measured sides are too short.

    Returns:
        Indices of the kept boxes, by descending score.
    """
    kept: Tensor = batched_nms(boxes + boxes.new_tensor([shortfall, shortfall, 0, 0]), scores, groups, threshold)
    return kept


def greedy_nms(boxes: Tensor, scores: Tensor, threshold: float, overlap: Overlap = "union") -> Tensor:
    """Vectorised non-maximum suppression of one image's boxes.

    A box is kept if no kept box with a higher score overlaps it by more than `threshold`. This is a fixed point, which
    is found by iterating the rule on all boxes at once, in as many rounds as the longest chain of suppressions.

    Args:
        boxes: (N, 4).
        scores: (N,).
        threshold: Maximum overlap of two kept boxes.
        overlap: Measure of the overlap.

    Returns:
        Indices of the kept boxes, by descending score.
    """
    order = scores.argsort(descending=True, stable=True)
    too_close = (pairwise_overlap(boxes[order], overlap) > threshold).tril(-1)
    stays = torch.ones_like(order, dtype=torch.bool)
    while True:
        again = ~(too_close & stays).any(dim=1)
        if torch.equal(again, stays):
            return order[stays]
        stays = again


def pairwise_overlap(boxes: Tensor, overlap: Overlap) -> Tensor:
    """Pairwise overlaps (N, N) in [0, 1] of (N, 4) boxes; 0 for boxes without area."""
    upper_left = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    lower_right = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    intersection = (lower_right - upper_left).clamp(min=0).prod(dim=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)
    if overlap == "smaller":
        whole = torch.minimum(areas[:, None], areas[None, :])
    else:
        whole = areas[:, None] + areas[None, :] - intersection
    return intersection / whole.clamp(min=torch.finfo(boxes.dtype).tiny)
