from __future__ import annotations

import numpy as np

from cartoonizer.detector import Detection
from cartoonizer.tracking import PATIENCE, Tracker


def test_faces_keep_their_tracks_and_the_most_frequent_label() -> None:
    def at(x: float, size: float = 40) -> Detection:
        points = np.array([[x, 0], [x + size, 0], [x, 9], [x, 20], [x + size, 20]], dtype=np.float32)
        return Detection((x, 0, x + size, size), points, 0.9)

    tracker = Tracker()
    large, small = tracker([at(0, 60), at(200)], 0.04)
    for seen in ("brown", "black", "brown"):
        large.vote({"hair": seen})
    assert large.labels({"hair": "own", "glasses": "no"}) == {"hair": "brown", "glasses": "no"}
    assert small.labels({"hair": "own"}) == {"hair": "own"}
    assert tracker([at(205), at(3, 60)], 0.04) == [large, small]
    assert tracker([at(206)], PATIENCE / 2) == [large, small]  # it is missed for a moment
    assert tracker([at(207)], PATIENCE) == [small]
