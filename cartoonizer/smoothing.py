"""Landmarks over time: steady where a face rests, quick where it moves (the one-euro filter, Casiez et al. 2012)."""

from __future__ import annotations

import math

import numpy as np

from cartoonizer.arrays import Floats

REST_HERTZ = 1.0
"""Cut-off of a face that rests."""

HERTZ_A_SPEED = 12.0
"""By how much it rises with each face width a second."""

SPEED_HERTZ = 2.0
"""Cut-off of the speed itself."""


class OneEuro:
    """Smooths the points of one face.

    Args:
        points: ``(5, 2)`` the first ones, in pixels.
    """

    def __init__(self, points: Floats) -> None:
        self.points = points
        self._speed = np.zeros(2)

    def __call__(self, points: Floats, seconds: float) -> Floats:
        """The smoothed points.

        Args:
            points: ``(5, 2)`` pixels.
            seconds: Since the last ones.
        """
        size = max(1.0, 2.0 * float(np.linalg.norm(points - points.mean(axis=0), axis=1).max()))
        moved = (points - self.points).mean(axis=0) / size / seconds
        self._speed = self._speed + _share(SPEED_HERTZ, seconds) * (moved - self._speed)
        hertz = REST_HERTZ + HERTZ_A_SPEED * float(np.linalg.norm(self._speed))
        self.points = (self.points + _share(hertz, seconds) * (points - self.points)).astype(np.float32)
        return self.points


def _share(hertz: float, seconds: float) -> float:
    """How much of a change a first-order low-pass lets through in so many seconds."""
    return 1 / (1 + 1 / (2 * math.pi * hertz * seconds))
