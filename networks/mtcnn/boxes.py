"""Operations on boxes: (N, 4) float32 x1, y1, x2, y2, the edges of what the box covers in pixels.

Edges lie between pixels: the box 0, 0, W, H is the whole image, a box is x2 - x1 pixels wide, and column i reaches from
x = i to x = i + 1. MTCNN's own code counts the first and the last pixel from 1 instead, and measures a box by their
difference, one pixel short, until RNet has moved it. Which small faces are found by weights that were trained so hangs
on it: for those (`MTCNN.one_based`) we measure the same.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from networks.mtcnn.nets import PNET_SIDE, PNET_STRIDE

Overlap = Literal["union", "smaller"]
"""What an intersection is divided by: the area of the union, or that of the smaller box."""


def decode_cells(columns: Tensor, rows: Tensor, scale: float, one_based: bool = False) -> Tensor:
    """Boxes of the windows that PNet looked at on a level of the pyramid.

    Args:
        columns: (N,) columns in PNet's output.
        rows: (N,) rows in PNet's output.
        scale: Pixels of the level to one of the image.
        one_based: As in MTCNN's code, in whole pixels, whose number is divided by the scale: on coarse levels the
            upper left edges come out up to a twelfth of the box further in than the window's.

    Returns:
        (N, 4) boxes in the image.
    """
    corners = (torch.stack((columns, rows), dim=1) * PNET_STRIDE).float()
    if one_based:
        return torch.cat((((corners + 1) / scale).floor() - 1, ((corners + PNET_SIDE) / scale).floor()), dim=1)
    return torch.cat((corners / scale, (corners + PNET_SIDE) / scale), dim=1)


def calibrate(boxes: Tensor, offsets: Tensor, shortfall: float = 0.0) -> Tensor:
    """Moves each edge by its offset, given in sides of the box.

    Args:
        boxes: (N, 4).
        offsets: (N, 4), of x1, y1, x2, y2.
        shortfall: Pixels by which the sides are measured short.
    """
    sides = boxes[:, 2:] - boxes[:, :2] - shortfall
    return boxes + offsets * sides.repeat(1, 2)


def square(boxes: Tensor) -> Tensor:
    """Squares of the boxes' longer sides around their centres: (N, 4) to (N, 4)."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    halves = (boxes[:, 2:] - boxes[:, :2]).amax(dim=1, keepdim=True) / 2
    return torch.cat((centres - halves, centres + halves), dim=1)


def to_whole_pixels(squares: Tensor) -> Tensor:
    """The nearest squares (N, 4) whose corners and sides are whole numbers, no side less than 1."""
    corners, sides = squares[:, :2].round(), (squares[:, 2:] - squares[:, :2]).round().clamp(min=1)
    return torch.cat((corners, corners + sides), dim=1)


def place_landmarks(boxes: Tensor, landmarks: Tensor, is_half_a_pixel_off: bool = False) -> Tensor:
    """From box sides to pixels of the image: x1 + side * landmark - 0.5, as edges lie half a pixel beside middles.

    Args:
        boxes: (N, 4).
        landmarks: (N, 5, 2) from the box's upper left corner, in box sides.
        is_half_a_pixel_off: Leave the half pixel out, for nets that were trained without it.

    Returns:
        (N, 5, 2) pixels, x then y; whole numbers are the middles of pixels, as in the published annotations.
    """
    sides = boxes[:, None, 2:] - boxes[:, None, :2]
    return boxes[:, None, :2] + landmarks * sides - (0.0 if is_half_a_pixel_off else 0.5)


def nms_by_group(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float, shortfall: float = 0.0) -> Tensor:
    """Non-maximum suppression by intersection over union within each group.

    Args:
        boxes: (N, 4).
        scores: (N,).
        groups: (N,) int64; boxes of different groups do not suppress each other.
        threshold: Largest overlap of two boxes that both stay.
        shortfall: Pixels by which the sides are measured short.

    Returns:
        Indices of those that stay, by falling score.
    """
    kept: Tensor = batched_nms(boxes + boxes.new_tensor([shortfall, shortfall, 0, 0]), scores, groups, threshold)
    return kept


def greedy_nms(boxes: Tensor, scores: Tensor, threshold: float, overlap: Overlap = "union") -> Tensor:
    """Non-maximum suppression of one image's boxes without a loop over them.

    A box stays when no box of a higher score that stays overlaps it by more than `threshold`. That is a fixed point:
    it is reached by repeating the rule on all boxes at once, in as many rounds as the longest chain of suppressions.

    Args:
        boxes: (N, 4).
        scores: (N,).
        threshold: Largest overlap of two boxes that both stay.
        overlap: Measure of the overlap.

    Returns:
        Indices of those that stay, by falling score.
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
    """(N, 4) boxes to the (N, N) overlaps of their pairs in [0, 1]; those without area overlap nothing."""
    upper_left = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    lower_right = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    intersection = (lower_right - upper_left).clamp(min=0).prod(dim=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)
    if overlap == "smaller":
        whole = torch.minimum(areas[:, None], areas[None, :])
    else:
        whole = areas[:, None] + areas[None, :] - intersection
    return intersection / whole.clamp(min=torch.finfo(boxes.dtype).tiny)
