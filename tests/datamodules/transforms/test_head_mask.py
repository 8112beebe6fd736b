from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.transforms.head_mask import CHIN, EAR, HAIR_END, HALF_FACE, NOSE, head_mask

SIDE = 200
EYES, MOUTH = 80.0, 120.0  # so that the unit is 40 pixels
POINTS = np.array([[82, EYES], [118, EYES], [100, 105], [86, MOUTH], [114, MOUTH]], dtype=np.float32)


def everything() -> NDArray[np.uint8]:
    return np.full((SIDE, SIDE), 255, dtype=np.uint8)


def short_haired() -> NDArray[np.uint8]:
    """A round head on a neck and on shoulders that begin below the mouth."""
    person = np.zeros((SIDE, SIDE), dtype=np.uint8)
    cv2.ellipse(person, (100, 95), (42, 55), 0, 0, 360, 255, -1)
    cv2.rectangle(person, (75, 120), (125, 199), 255, -1)
    cv2.rectangle(person, (20, 145), (180, 199), 255, -1)
    return person


def end_of_head(head: NDArray[np.uint8], x: int) -> float:
    """The last row of a column that is more head than not, in units below the mouth."""
    return float((np.flatnonzero(head[:, x] > 127).max(initial=0) - MOUTH) / 40)


def test_the_cut_follows_the_jaw_where_no_hair_hangs() -> None:
    head = head_mask(short_haired(), POINTS)
    assert end_of_head(head, 100) == pytest.approx(CHIN, abs=0.08)
    aside = 20 / 40 / HALF_FACE
    assert end_of_head(head, 120) == pytest.approx(NOSE + (CHIN - NOSE) * np.sqrt(1 - aside**2), abs=0.1)
    for x in (30, 50, 150, 170):  # shoulders
        assert head[140:, x].max() < 10


def test_hair_beside_the_jaw_stays() -> None:
    person = short_haired()
    person[90:, 140:175] = 255  # hangs on the right alone
    head = head_mask(person, POINTS)
    assert end_of_head(head, 155) == pytest.approx(HAIR_END, abs=0.1)
    assert head[145:, 30].max() < 10
    assert end_of_head(head, 100) == pytest.approx(CHIN, abs=0.08)


def test_nothing_above_the_ears_is_lost_and_nothing_is_added() -> None:
    person = short_haired()
    head = head_mask(person, POINTS)
    above = round(MOUTH + (EAR - 0.3) * 40)
    np.testing.assert_array_equal(head[:above], person[:above])
    assert (head <= person).all()


def test_the_cut_turns_with_the_head() -> None:
    turn = cv2.getRotationMatrix2D((99.5, 99.5), -90, 1)  # clockwise: what was below is on the left
    turned = (np.hstack([POINTS, np.ones((5, 1))]) @ turn.T).astype(np.float32)
    upright = head_mask(short_haired(), POINTS)
    on_its_side = head_mask(np.ascontiguousarray(np.rot90(short_haired(), -1)), turned)
    difference = np.abs(np.rot90(on_its_side).astype(int) - upright)
    assert difference.mean() < 1


def test_a_mirrored_photo_has_the_mirrored_head() -> None:
    person = short_haired()
    person[90:, 140:175] = 255
    points = POINTS + np.array([[0, 0], [0, 0], [6, 0], [0, 0], [0, 0]], dtype=np.float32)  # turned to the right
    mirrored = (points * [-1, 1] + [SIDE - 1, 0])[[1, 0, 2, 4, 3]].astype(np.float32)
    head = head_mask(np.ascontiguousarray(person[:, ::-1]), mirrored)
    assert np.abs(head[:, ::-1].astype(int) - head_mask(person, points)).mean() < 1


def test_a_cut_is_soft() -> None:
    column = head_mask(everything(), POINTS)[:, 100]
    assert 4 <= ((column > 5) & (column < 250)).sum() <= 20
    assert (np.diff(column.astype(int)) <= 0).all()


@pytest.mark.parametrize("points", [np.full((5, 2), np.nan), np.zeros((5, 2))])
def test_without_landmarks_all_of_the_person_stays(points: NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(head_mask(short_haired(), points.astype(np.float32)), short_haired())
