from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.datasets.cartoonset import landmarks_at
from datamodules.transforms.mouths import BENDS, LINE, with_closed_mouth

SKIN, HAIR = (240, 192, 146), (200, 70, 30)


def head(side: int = 500, moustache: bool = False) -> NDArray[np.uint8]:
    """Skin, and a mouth where CartoonSet has it: white teeth between dark lips."""
    image = np.full((500, 500, 4), (*SKIN, 200), np.uint8)
    lips = np.array([(222, 331), (249, 333), (277, 331), (266, 346), (249, 352), (233, 346)])
    cv2.fillPoly(image, [lips], (255, 255, 255, 200))
    cv2.polylines(image, [lips], True, (*LINE, 200), 4)
    if moustache:
        cv2.rectangle(image, (215, 312), (284, 326), (*HAIR, 200), -1)
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("side", [500, 256])
@pytest.mark.parametrize("bend", BENDS)
def test_teeth_become_a_line_between_the_corners(side: int, bend: float) -> None:
    drawn = with_closed_mouth(head(side), bend)
    scale = side / 500
    mouth = drawn[round(325 * scale) : round(358 * scale), round(218 * scale) : round(282 * scale), :3].astype(int)
    assert mouth.min(axis=2).max() <= min(SKIN) + 2, "no teeth are left"
    is_line = np.abs(mouth - LINE).max(axis=2) < 60
    columns = np.nonzero(is_line.any(axis=0))[0] + round(218 * scale)
    left, right = landmarks_at(side)[3:, 0]
    assert abs(columns.min() - left) < 5 * scale + 1
    assert abs(columns.max() - right) < 5 * scale + 1
    middle = np.nonzero(is_line[:, round((249.5 - 218) * scale)])[0].mean() + round(325 * scale)
    assert middle == pytest.approx((333.5 + bend) * scale, abs=1.5)
    below = drawn[round(346 * scale) : round(352 * scale), round(240 * scale) : round(260 * scale), :3].astype(int)
    assert np.abs(below - SKIN).max() <= 2, "nor is the lower lip"


def test_nothing_else_changes() -> None:
    before = head()
    drawn = with_closed_mouth(before, BENDS[0])
    outside = np.ones((500, 500), bool)
    outside[326:360, 215:284] = False
    assert (drawn[outside] == before[outside]).all()
    assert (drawn[..., 3] == before[..., 3]).all()


def test_a_moustache_does_not_run_into_the_mouth() -> None:
    drawn = with_closed_mouth(head(moustache=True), BENDS[0])
    assert (drawn[320, 249, :3] == HAIR).all()
    assert np.abs(drawn[345, 249, :3].astype(int) - SKIN).max() <= 2
