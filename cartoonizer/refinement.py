"""Landmarks found once more in the upright frame: a face that lies askew is found, but roughly."""

from __future__ import annotations

import numpy as np

from cartoonizer.arrays import Floats, Pixels
from cartoonizer.cascade import ONET_SIDE, Cascade
from cartoonizer.manifest import DetectorSettings, FrameSettings


class Refinement:
    """Looks at the square in a frame where the face is on average.

    Args:
        cascade: The detector's nets.
        frame: The frame.
        detector: How the nets see a face.
    """

    def __init__(self, cascade: Cascade, frame: FrameSettings, detector: DetectorSettings) -> None:
        self._cascade = cascade
        self._offset = np.float32(detector.landmark_offset)
        self._square = square_of_landmarks(frame.points(frame.side), detector.face)
        left, top, right, bottom = self._square
        self._rows = interval_weights(top, bottom, ONET_SIDE, frame.side)
        self._columns = interval_weights(left, right, ONET_SIDE, frame.side)

    def __call__(self, frame: Pixels) -> Floats:
        """Landmarks ``(5, 2)`` in pixels of a frame."""
        planes = frame.transpose(2, 0, 1).astype(np.float32)
        crop = self._rows @ planes @ self._columns.T
        landmarks = self._cascade.landmarks(crop[None].astype(np.float32))[0]
        return np.asarray(self._square[:2] + landmarks * (self._square[2:] - self._square[:2]) + self._offset)


def square_of_landmarks(landmarks: Floats, face: Floats) -> Floats:
    """The edges x1, y1, x2, y2 of the square that holds landmarks as a detector's squares do on average.

    Args:
        landmarks: ``(5, 2)`` pixels.
        face: ``(5, 2)`` where they lie in such a square, in its sides.
    """
    middle, face_middle = landmarks.mean(axis=0), face.mean(axis=0)
    side = np.sqrt(np.square(landmarks - middle).sum() / np.square(face - face_middle).sum())
    corner = middle + np.float32(0.5) - side * face_middle
    return np.concatenate([corner, corner + side])


def interval_weights(start: float, end: float, side: int, length: int) -> Floats:
    """Shares ``(side, length)`` of an axis' pixels in the values of a crop; each row sums up to one.

    A value is the mean over an interval around its place, one pixel wide or as wide as the crop's pixels are; beyond
    the image its border goes on.
    """
    step = (end - start) / side
    middles = start + (np.arange(side, dtype=np.float32)[:, None] + 0.5) * step
    reach = max(step, 1) / 2
    edges = np.arange(length + 1, dtype=np.float32)
    edges[0], edges[-1] = -np.inf, np.inf
    covered = np.minimum(middles + reach, edges[1:]) - np.maximum(middles - reach, edges[:-1])
    weights: Floats = (np.maximum(covered, 0) / (2 * reach)).astype(np.float32)
    return weights
