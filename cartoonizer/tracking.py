"""Faces from frame to frame of a video."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cartoonizer.detector import Detection
from cartoonizer.drawing import OWN
from cartoonizer.smoothing import OneEuro

PATIENCE = 0.4
"""Seconds for which a face that is not found stays where it was."""

_NEAR = 0.6
"""How far a face moves at most from one frame to the next, in its sides."""


class Track:
    """One face over time.

    Args:
        detection: Where it was found first.
    """

    def __init__(self, detection: Detection) -> None:
        self.detection = detection
        self.lost = 0.0
        self._smooth = OneEuro(detection.landmarks)
        self._votes: dict[str, Counter[str]] = {}

    def see(self, detection: Detection, seconds: float) -> None:
        """It was found again."""
        landmarks = self._smooth(detection.landmarks, seconds)
        self.detection, self.lost = replace(detection, landmarks=landmarks), 0.0

    def distance(self, detection: Detection) -> float:
        """How far a face is from it, in its sides."""
        (x1, y1, x2, y2), other = self.detection.box, detection.box
        middles = np.array([[x1 + x2, y1 + y2], [other[0] + other[2], other[1] + other[3]]]) / 2
        return float(np.linalg.norm(middles[0] - middles[1])) / max(1.0, x2 - x1)

    def vote(self, own: Mapping[str, str]) -> None:
        """The classifier saw it."""
        for name, seen in own.items():
            self._votes.setdefault(name, Counter())[seen] += 1

    def labels(self, asked: Mapping[str, str]) -> dict[str, str]:
        """What is asked for, with what the classifier saw most often in place of "own"."""
        return {
            name: self._votes[name].most_common(1)[0][0] if one == OWN and name in self._votes else one
            for name, one in asked.items()
        }


class Tracker:
    """All faces of a video."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []

    def __call__(self, found: Sequence[Detection], seconds: float) -> list[Track]:
        """The faces that are in a frame, or were a moment ago; largest first.

        Args:
            found: Those that were found in it.
            seconds: Since the frame before.
        """
        waiting = list(self._tracks)
        for detection in found:
            near = [track for track in waiting if track.distance(detection) < _NEAR]
            if near:
                track = min(near, key=lambda each: each.distance(detection))
                waiting.remove(track)
                track.see(detection, seconds)
            else:
                self._tracks.append(Track(detection))
        for track in waiting:
            track.lost += seconds
        self._tracks = [track for track in self._tracks if track.lost <= PATIENCE]
        return sorted(self._tracks, key=lambda track: track.detection.box[0] - track.detection.box[2])
