"""Box operations against loops over boxes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from networks.mtcnn.boxes import (
    Overlap,
    calibrate,
    decode_cells,
    greedy_nms,
    nms_by_group,
    pairwise_overlap,
    place_landmarks,
    square,
)

Box = list[float]


def some_boxes(count: int, seed: int = 0, extent: float = 60) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, generator=generator) * extent
    sides = torch.rand(count, 2, generator=generator) * 40 + 2
    return torch.cat((corners, corners + sides), dim=1), torch.rand(count, generator=generator)


def overlap_of(a: Box, b: Box, overlap: Overlap, short: float = 0) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0]) - short
    height = min(a[3], b[3]) - max(a[1], b[1]) - short
    shared = max(0.0, width) * max(0.0, height)
    first, second = ((box[2] - box[0] - short) * (box[3] - box[1] - short) for box in (a, b))
    return shared / (min(first, second) if overlap == "smaller" else first + second - shared)


def slow_nms(boxes: Tensor, scores: Tensor, threshold: float, overlap: Overlap, short: float = 0) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -float(scores[i])):
        box = boxes[index].tolist()
        if all(overlap_of(box, boxes[other].tolist(), overlap, short) <= threshold for other in kept):
            kept.append(index)
    return kept


@pytest.mark.parametrize("overlap", ["union", "smaller"])
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.7])
def test_suppression_equals_a_loop(overlap: Overlap, threshold: float) -> None:
    for seed in range(3):
        boxes, scores = some_boxes(80, seed, extent=25)
        kept = greedy_nms(boxes, scores, threshold, overlap).tolist()
        assert kept == slow_nms(boxes, scores, threshold, overlap)
        assert 1 <= len(kept) < 80


def test_a_long_chain_of_suppressions_is_followed_to_its_end() -> None:
    """Each box only overlaps its neighbours, so every second one is kept."""
    boxes = torch.tensor([[10.0 * i, 0, 10.0 * i + 14, 10] for i in range(31)])
    kept = greedy_nms(boxes, torch.arange(31, 0, -1).float(), 0.1)
    assert kept.tolist() == list(range(0, 31, 2))


def test_no_boxes_give_no_boxes() -> None:
    assert greedy_nms(torch.empty(0, 4), torch.empty(0), 0.5).tolist() == []
    assert nms_by_group(torch.empty(0, 4), torch.empty(0), torch.empty(0, dtype=torch.int64), 0.5).tolist() == []


def test_boxes_without_area_are_valid() -> None:
    flat = torch.tensor([[5.0, 5, 5, 9], [5, 5, 5, 9], [0, 0, 10, 10]])
    assert pairwise_overlap(flat, "smaller").isfinite().all()
    assert pairwise_overlap(flat, "union")[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("short", [0, 1])
def test_groups_do_not_suppress_each_other(short: int) -> None:
    boxes, scores = some_boxes(90)
    groups = torch.arange(90) % 3
    kept = nms_by_group(boxes, scores, groups, 0.3, short)
    assert (scores[kept].diff() <= 0).all()
    for group in range(3):
        members = (groups == group).nonzero().flatten()
        expected = members[slow_nms(boxes[members], scores[members], 0.3, "union", short=short)]
        assert set(kept[groups[kept] == group].tolist()) == set(expected.tolist())


def test_cells_lie_where_mtcnn_counts_them() -> None:
    scale = 0.37
    columns, rows = torch.tensor([0, 5, 31]), torch.tensor([3, 0, 7])
    found = decode_cells(columns, rows, scale, one_based=True).tolist()
    for (x1, y1, x2, y2), column, row in zip(found, columns.tolist(), rows.tolist(), strict=True):
        assert x1 == math.floor((2 * column + 1) / scale) - 1
        assert y1 == math.floor((2 * row + 1) / scale) - 1
        assert x2 == math.floor((2 * column + 12) / scale)
        assert y2 == math.floor((2 * row + 12) / scale)


def test_cells_lie_where_their_windows_do() -> None:
    found = decode_cells(torch.tensor([0, 5]), torch.tensor([3, 0]), 0.5)
    assert found.tolist() == [[0, 12, 24, 36], [20, 0, 44, 24]]


@pytest.mark.parametrize("short", [0, 1])
def test_calibration_moves_each_edge(short: int) -> None:
    boxes, _ = some_boxes(10)
    offsets = torch.randn(10, 4, generator=torch.Generator().manual_seed(1)) * 0.1
    for box, offset, moved in zip(
        boxes.tolist(), offsets.tolist(), calibrate(boxes, offsets, short).tolist(), strict=True
    ):
        width, height = box[2] - box[0] - short, box[3] - box[1] - short
        expected = [edge + o * side for edge, o, side in zip(box, offset, (width, height, width, height), strict=True)]
        assert moved == pytest.approx(expected, abs=1e-4)


def test_squares_keep_centre_and_longer_side() -> None:
    assert square(torch.tensor([[10.0, 20, 30, 30], [0, 0, 4, 10]])).tolist() == [[10, 15, 30, 35], [-3, 0, 7, 10]]


def test_landmarks_are_converted_from_edges_to_pixel_centres() -> None:
    points = torch.tensor([[[0.0, 0], [1, 1], [0.5, 0.25], [0, 1], [-0.5, 0]]])
    box = torch.tensor([[10.0, 20, 30, 60]])
    edges = torch.tensor([[[10.0, 20], [30, 60], [20, 30], [10, 60], [0, 20]]])
    assert torch.equal(place_landmarks(box, points), edges - 0.5)
    assert torch.equal(place_landmarks(box, points, is_half_a_pixel_off=True), edges)


def test_the_middle_of_a_box_of_one_pixel_is_that_pixel() -> None:
    middle = torch.full((1, 5, 2), 0.5)
    assert place_landmarks(torch.tensor([[7.0, 4, 8, 5]]), middle)[0, 0].tolist() == [7, 4]
