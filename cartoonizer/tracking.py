"""Tracks faces from frame to frame of a video."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cartoonizer.detector import Detection
from cartoonizer.drawing import OWN
from cartoonizer.smoothing import OneEuro

PATIENCE = 0.4
"""Seconds for which a lost face is kept at its last position."""

_NEAR = 0.6
"""Maximum movement of a face between two frames, relative to its side."""


class Track:
    """A face over time.

    Args:
        detection: Its first detection.
    """

    def __init__(self, detection: Detection) -> None:
        self.detection = detection
        self.lost = 0.0
        self._smooth = OneEuro(detection.landmarks)
        self._votes: dict[str, Counter[str]] = {}

    @property
    def width(self) -> float:
        """Width of its box in pixels."""
        return self.detection.box[2] - self.detection.box[0]

    def see(self, detection: Detection, seconds: float) -> None:
        """Update with a new detection.

        Args:
            detection: The detection.
            seconds: Time since the previous frame, in which the face may have been lost.
        """
        landmarks = self._smooth(detection.landmarks, self.lost + seconds)
        self.detection, self.lost = replace(detection, landmarks=landmarks), 0.0

    def distance(self, detection: Detection) -> float:
        """Distance to a detection, relative to the face's side."""
        (x1, y1, x2, y2), other = self.detection.box, detection.box
        middles = np.array([[x1 + x2, y1 + y2], [other[0] + other[2], other[1] + other[3]]]) / 2
        return float(np.linalg.norm(middles[0] - middles[1])) / max(1.0, self.width)

    def vote(self, own: Mapping[str, str]) -> None:
        """Add a prediction of the classifier."""
        for name, seen in own.items():
            self._votes.setdefault(name, Counter())[seen] += 1

    def labels(self, requested: Mapping[str, str]) -> dict[str, str]:
        """The requested labels, with "own" replaced by the most frequent prediction."""
        return {
            name: self._votes[name].most_common(1)[0][0] if one == OWN and name in self._votes else one
            for name, one in requested.items()
        }


class Tracker:
    """All faces of a video.

    Args:
        limit: Maximum number of faces per frame; None for all.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._tracks: list[Track] = []

    def __call__(self, found: Sequence[Detection], seconds: float) -> list[Track]:
        """The faces in a frame, including recently lost ones; largest first. Above the limit, lost ones are left out.

        Args:
            found: Faces detected in the frame.
            seconds: Time since the previous frame.
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
        drawn = sorted(self._tracks, key=lambda track: (track.lost, -track.width))[: self._limit]
        return sorted(drawn, key=lambda track: -track.width)
