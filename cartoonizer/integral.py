"""Integral images, for area-averaged downscaling with four look-ups per pixel.

A look-up moves a whole pixel: its three sums and an empty one, as a number of 16 bytes.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Floats, Pixels

_Edges = NDArray[np.int64]
_PIXEL = np.complex128
"""Stands for four int32; nothing is computed with it."""

_Pixels = NDArray[np.complex128]


class IntegralImage:
    """The sums of an image over all rectangles that start at its upper left corner.

    Args:
        image: ``(H, W, 3)`` RGB.
    """

    def __init__(self, image: Pixels) -> None:
        self.height, self.width = image.shape[:2]
        # int32 may wrap around, but differences are correct for areas below 8 million pixels.
        sums = cv2.integral(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), sdepth=cv2.CV_32S)
        self._pixels: _Pixels = np.asarray(sums, dtype=np.int32).view(_PIXEL)[..., 0]

    def level(self, height: int, width: int) -> Floats:
        """The whole image at another size, ``(1, 3, height, width)`` from 0 to 255."""
        zero = np.zeros(1, dtype=np.int64)
        (top,), (bottom,) = _bins(zero, zero + self.height, height)
        (left,), (right,) = _bins(zero, zero + self.width, width)
        bands = _sums(self._pixels.take(bottom, axis=0))
        bands -= _sums(self._pixels.take(top, axis=0))
        columns = bands.view(_PIXEL)[..., 0]
        totals = _sums(columns.take(right, axis=1))
        totals -= _sums(columns.take(left, axis=1))
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
        totals = self._at(bottom, right)
        totals -= self._at(bottom, left)
        totals -= self._at(top, right)
        totals += self._at(top, left)
        return _means(totals, (bottom - top)[:, :, None] * (right - left)[:, None])

    def contains(self, windows: Floats) -> NDArray[np.bool_]:
        """Whether windows ``(N, 4)`` overlap the image."""
        within = np.clip(windows, 0, [self.width, self.height, self.width, self.height])
        return np.asarray((within[:, 2:] > within[:, :2]).all(axis=1))

    def _at(self, rows: _Edges, columns: _Edges) -> NDArray[np.int32]:
        """Sums at ``(N, S)`` rows and columns: ``(N, S, S, 4)``."""
        places = (rows * (self.width + 1))[:, :, None] + columns[:, None]
        return _sums(self._pixels.ravel().take(places))


def _sums(pixels: _Pixels) -> NDArray[np.int32]:
    """The four sums of each pixel, in a last axis of their own."""
    return pixels[..., None].view(np.int32)


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
    """``(N, H, W, 4)`` sums over ``(N, H, W)`` areas as ``(N, 3, H, W)`` means."""
    means = np.empty((len(totals), 3, *totals.shape[1:3]), dtype=np.float32)
    divisors = areas.astype(np.float32)
    for channel in range(3):
        np.divide(totals[..., channel], divisors, out=means[:, channel], dtype=np.float32, casting="unsafe")
    return means
