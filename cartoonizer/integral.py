"""Integral images, for area-averaged downscaling with four look-ups per value."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Floats, Pixels

_Edges = NDArray[np.int64]


class IntegralImage:
    """The sums of an image over all rectangles that start at its upper left corner.

    Args:
        image: ``(H, W, 3)`` RGB.
    """

    def __init__(self, image: Pixels) -> None:
        self.height, self.width = image.shape[:2]
        # int32 may wrap around, but differences are correct for areas below 8 million pixels.
        self._sums = np.asarray(cv2.integral(image, sdepth=cv2.CV_32S), dtype=np.int32)

    def level(self, height: int, width: int) -> Floats:
        """The whole image at another size, ``(1, 3, height, width)`` from 0 to 255."""
        zero = np.zeros(1, dtype=np.int64)
        (top,), (bottom,) = _bins(zero, zero + self.height, height)
        (left,), (right,) = _bins(zero, zero + self.width, width)
        bands = self._sums[bottom] - self._sums[top]
        totals = bands[:, right] - bands[:, left]
        areas = (bottom - top)[:, None] * (right - left)[None]
        return _means(totals[None], areas[None])

    def crops(self, windows: Floats, side: int) -> Floats:
        """Crop windows to a common size.

        Args:
            windows: ``(N, 4)`` edges in whole pixels; outside the image, its border is repeated.
            side: Side of a crop in pixels.

        Returns:
            ``(N, 3, side, side)`` from 0 to 255.
        """
        edges = windows.astype(np.int64)
        left, right = _within(*_bins(edges[:, 0], edges[:, 2], side), self.width)
        top, bottom = _within(*_bins(edges[:, 1], edges[:, 3], side), self.height)
        totals = self._at(bottom, right) - self._at(bottom, left) - self._at(top, right) + self._at(top, left)
        return _means(totals, (bottom - top)[:, :, None] * (right - left)[:, None])

    def contains(self, windows: Floats) -> NDArray[np.bool_]:
        """Whether windows ``(N, 4)`` overlap the image."""
        within = np.clip(windows, 0, [self.width, self.height, self.width, self.height])
        return np.asarray((within[:, 2:] > within[:, :2]).all(axis=1))

    def _at(self, rows: _Edges, columns: _Edges) -> NDArray[np.int32]:
        """Sums at ``(N, S)`` rows and columns: ``(N, S, S, 3)``."""
        return self._sums[rows[:, :, None], columns[:, None]]


def _bins(start: _Edges, end: _Edges, count: int) -> tuple[_Edges, _Edges]:
    """First and last edges ``(N, count)`` of the pixels touched by equal parts of ``(N,)`` intervals."""
    parts = np.arange(count)
    sides = (end - start)[:, None]
    return start[:, None] + parts * sides // count, start[:, None] + (parts * sides + sides + count - 1) // count


def _within(first: _Edges, last: _Edges, length: int) -> tuple[_Edges, _Edges]:
    """Clamp edges to an axis, keeping each pair at least one pixel apart."""
    first = np.clip(first, 0, length - 1)
    return first, np.maximum(np.minimum(last, length), first + 1)


def _means(totals: NDArray[np.int32], areas: _Edges) -> Floats:
    """Means ``(N, 3, H, W)`` from sums ``(N, H, W, 3)`` and areas ``(N, H, W)``."""
    means = totals.astype(np.float32) / areas[..., None].astype(np.float32)
    return np.ascontiguousarray(means.transpose(0, 3, 1, 2))
