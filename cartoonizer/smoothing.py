"""Smooths landmarks over time with the one-euro filter (Casiez et al. 2012): stable at rest, fast in motion."""

from __future__ import annotations

import math

import numpy as np

from cartoonizer.arrays import Floats

REST_HERTZ = 1.0
"""Cut-off frequency at rest, in Hz."""

HERTZ_A_SPEED = 12.0
"""Increase of the cut-off per face width per second."""

SPEED_HERTZ = 2.0
"""Cut-off frequency of the speed estimate, in Hz."""


class OneEuro:
    """Smooths the points of one face.

    Args:
        points: ``(5, 2)`` initial points in pixels.
    """

    def __init__(self, points: Floats) -> None:
        self.points = points
        self._speed = np.zeros(2)

    def __call__(self, points: Floats, seconds: float) -> Floats:
        """The smoothed points.

        Args:
            points: ``(5, 2)`` pixels.
            seconds: Time since the last points.
        """
        size = max(1.0, 2.0 * float(np.linalg.norm(points - points.mean(axis=0), axis=1).max()))
        moved = (points - self.points).mean(axis=0) / size / seconds
        self._speed = self._speed + _share(SPEED_HERTZ, seconds) * (moved - self._speed)
        hertz = REST_HERTZ + HERTZ_A_SPEED * float(np.linalg.norm(self._speed))
        self.points = (self.points + _share(hertz, seconds) * (points - self.points)).astype(np.float32)
        return self.points


def _share(hertz: float, seconds: float) -> float:
    """Smoothing factor of a first-order low-pass filter for a time step."""
    return 1 / (1 + 1 / (2 * math.pi * hertz * seconds))
