from __future__ import annotations

import math

import torch

from lightning_modules.drawing import GREEN, RED, draw_lines, draw_matches, draw_points

SIDE = 40


def painted(before: torch.Tensor, after: torch.Tensor) -> list[list[tuple[int, int]]]:
    """Columns and rows of the pixels of each image that were changed."""
    changed = (before != after).any(dim=1)
    return [[(column, row) for row, column in image.nonzero().tolist()] for image in changed]


def test_dots_are_where_the_points_are_in_their_colour() -> None:
    images = torch.zeros(2, 3, SIDE, SIDE)
    points = torch.tensor([[[5.0, 9.0], [30.0, 20.0]], [[11.0, 3.0], [math.nan, 7.0]]])
    drawn = draw_points(images, points)
    for image, known in enumerate(([(5, 9), (30, 20)], [(11, 3)])):
        for column, row in painted(images, drawn)[image]:
            assert min(math.dist((column, row), point) for point in known) <= 1.5
        for column, row in known:
            torch.testing.assert_close(drawn[image, :, row, column], torch.tensor(GREEN))


def test_lines_join_their_ends_and_nothing_else() -> None:
    images = torch.ones(1, 3, SIDE, SIDE)
    starts, ends = torch.tensor([[[4.0, 30.0], [0.0, 0.0]]]), torch.tensor([[[34.0, 10.0], [math.nan, 9.0]]])
    drawn = draw_lines(images, starts, ends)
    (pixels,) = painted(images, drawn)
    assert {(4, 30), (34, 10), (19, 20)} <= set(pixels)
    for column, row in pixels:
        along = (column - 4) / 30
        assert -0.05 <= along <= 1.05
        assert abs(row - (30 - 20 * along)) < 2
    torch.testing.assert_close(drawn[0, :, 20, 19], torch.tensor(RED))


def test_matches_cross_from_one_image_into_the_one_below() -> None:
    upper, lower = torch.zeros(1, 3, SIDE, SIDE), torch.ones(1, 3, SIDE, SIDE)
    both = draw_matches(upper, lower, torch.tensor([[[10.0, 30.0]]]), torch.tensor([[[20.0, 10.0]]]))
    above, below = (painted(image, drawn)[0] for image, drawn in zip((upper, lower), both, strict=True))
    assert {(10, 30), (14, 38)} <= set(above)
    assert {row for _, row in above} - {29} == set(range(30, SIDE))
    assert {(16, 2), (20, 10)} <= set(below)
    assert {row for _, row in below} - {11} == set(range(11))
