from __future__ import annotations

import numpy as np
import pytest

from datamodules.detector.windows import (
    NEGATIVE_BELOW,
    Boxes,
    inside,
    pairwise_iou,
    windows_anywhere,
    windows_around,
    windows_near,
)

SIZE = (200, 120)
FACES = np.array([[20, 30, 60, 80], [150, 20, 175, 55]], dtype=np.float32)


def covered(box: list[int]) -> set[tuple[int, int]]:
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


def test_the_overlap_equals_that_of_counted_pixels() -> None:
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 12, size=(20, 2))
    boxes = np.concatenate((corners, corners + rng.integers(0, 9, size=(20, 2))), axis=1)
    found = pairwise_iou(boxes[:12].astype(np.float32), boxes[12:].astype(np.float32))
    for row, first in enumerate(boxes[:12].tolist()):
        for column, second in enumerate(boxes[12:].tolist()):
            union = covered(first) | covered(second)
            expected = len(covered(first) & covered(second)) / len(union) if union else 0.0
            assert found[row, column] == pytest.approx(expected)


@pytest.mark.parametrize("draw", [windows_anywhere, windows_near])
def test_negatives_are_squares_inside_and_free_of_faces(draw: object) -> None:
    assert callable(draw)
    windows: Boxes = draw(SIZE, FACES, 200, 12.0, np.random.default_rng(0))
    assert 50 < len(windows) <= 200
    extent = windows[:, 2:] - windows[:, :2]
    np.testing.assert_allclose(extent[:, 0], extent[:, 1], rtol=1e-4)
    assert extent.min() >= 11.99
    assert inside(windows, SIZE).all()
    assert pairwise_iou(windows, FACES).max() < NEGATIVE_BELOW


def test_near_negatives_touch_a_face_more_often() -> None:
    shares = [
        (pairwise_iou(draw(SIZE, FACES, 200, 12.0, np.random.default_rng(1)), FACES).max(axis=1) > 0).mean()
        for draw in (windows_near, windows_anywhere)
    ]
    assert shares[0] > shares[1] + 0.2


def test_windows_around_a_face_stay_close_to_it() -> None:
    box = FACES[0]
    windows = windows_around(box, 500, np.random.default_rng(0))
    sides = windows[:, 2] - windows[:, 0]
    assert sides.min() >= 0.8 * 40 - 1e-3
    assert sides.max() <= 1.25 * 50 + 1e-3
    shift = np.abs((windows[:, :2] + windows[:, 2:]) / 2 - [40, 55]).max(axis=0)
    assert (shift <= [8.01, 10.01]).all()
    assert (shift >= [7, 9]).all()


def test_an_image_below_the_minimum_side_has_no_windows() -> None:
    assert len(windows_anywhere((10, 200), FACES, 50, 12.0, np.random.default_rng(0))) == 0


def test_an_image_without_faces_has_none_near_them() -> None:
    assert len(windows_near(SIZE, FACES[:0], 50, 12.0, np.random.default_rng(0))) == 0
