from __future__ import annotations

import numpy as np

from cartoonizer.smoothing import OneEuro

RATE = 25


def test_a_moving_face_is_followed() -> None:
    start = np.array([[0, 0], [40, 0], [20, 20], [5, 40], [35, 40]], dtype=np.float32)
    smooth, moved = OneEuro(start), start
    for _ in range(RATE):
        moved = moved + np.array([4, 0], dtype=np.float32)  # 100 pixels a second
        smooth(moved, 1 / RATE)
    assert np.abs(smooth.points - moved).max() < 8
