from __future__ import annotations

import cv2
import numpy as np

from cartoonizer.background import head_region


def test_a_head_keeps_its_soft_edge_and_loses_specks() -> None:
    matte = np.zeros((64, 64), dtype=np.uint8)
    cv2.circle(matte, (30, 30), 15, 255, -1)
    matte = np.asarray(cv2.GaussianBlur(matte, (0, 0), 1), dtype=np.uint8)
    edge = (matte > 0) & (matte < 60)
    matte[58:60, 58:60] = 200  # far away
    matte[30, 48:50] = 200  # near the edge
    region = head_region(matte)
    assert edge.any()
    assert region[edge & (np.arange(64) < 40)].all()
    assert not region[58:60, 58:60].any()
    assert not region[30, 49]
    assert head_region(np.zeros((64, 64), dtype=np.uint8)).all()
