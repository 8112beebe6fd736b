from __future__ import annotations

import numpy as np
import pytest

from cartoonizer.detector import Detection
from cartoonizer.smoothing import OneEuro
from cartoonizer.tracking import PATIENCE, Tracker


def at(x: float, size: float = 40) -> Detection:
    points = np.array([[x, 0], [x + size, 0], [x, 9], [x, 20], [x + size, 20]], dtype=np.float32)
    return Detection((x, 0, x + size, size), points, 0.9)


def test_faces_keep_their_tracks_and_the_most_frequent_label() -> None:
    tracker = Tracker()
    large, small = tracker([at(0, 60), at(200)], 0.04)
    for seen in ("brown", "black", "brown"):
        large.vote({"hair": seen})
    assert large.labels({"hair": "own", "glasses": "no"}) == {"hair": "brown", "glasses": "no"}
    assert small.labels({"hair": "own"}) == {"hair": "own"}
    assert tracker([at(205), at(3, 60)], 0.04) == [large, small]
    assert tracker([at(206)], PATIENCE / 2) == [large, small]  # it is missed for a moment
    assert tracker([at(207)], PATIENCE) == [small]


@pytest.mark.parametrize("missed", [0, 1, 4])
def test_a_face_that_was_lost_is_smoothed_over_the_whole_time(missed: int) -> None:
    tracker, smooth = Tracker(), OneEuro(at(0).landmarks)
    tracker([at(0)], 0.04)
    for _ in range(missed):
        tracker([], 0.04)
    (track,) = tracker([at(8)], 0.04)
    expected = smooth(at(8).landmarks, 0.04 * (missed + 1))
    np.testing.assert_allclose(track.detection.landmarks, expected, rtol=1e-5)


def test_no_more_faces_than_asked_for_and_those_that_are_seen_first() -> None:
    tracker = Tracker(1)
    (first,) = tracker([at(0, 60)], 0.04)
    (second,) = tracker([at(200)], 0.04)
    assert second is not first
    assert tracker([], 0.04) == [second]
    assert tracker([at(1, 60)], 0.04) == [first]
