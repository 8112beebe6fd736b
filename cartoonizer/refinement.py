"""Refines landmarks in the upright frame, since those of tilted faces are inaccurate."""

from __future__ import annotations

import numpy as np

from cartoonizer.arrays import Floats, Pixels
from cartoonizer.cascade import ONET_SIDE, Cascade
from cartoonizer.manifest import DetectorSettings, FrameSettings


class Refinement:
    """Finds landmarks in the average square of the face in a frame.

    Args:
        cascade: The detector's networks.
        frame: Settings of the frame.
        detector: Settings of the detector.
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
    """Edges x1, y1, x2, y2 of a face's square, as a detector would place it on average.

    Args:
        landmarks: ``(5, 2)`` pixels.
        face: ``(5, 2)`` their average positions in such a square, relative to its side.
    """
    middle, face_middle = landmarks.mean(axis=0), face.mean(axis=0)
    side = np.sqrt(np.square(landmarks - middle).sum() / np.square(face - face_middle).sum())
    corner = middle + np.float32(0.5) - side * face_middle
    return np.concatenate([corner, corner + side])


def interval_weights(start: float, end: float, side: int, length: int) -> Floats:
    """Resampling weights ``(side, length)`` of a crop along an axis; each row sums to one.

    A value is the mean over an interval around its position, at least one pixel wide; outside the image, the border is
    repeated.
    """
    step = (end - start) / side
    middles = start + (np.arange(side, dtype=np.float32)[:, None] + 0.5) * step
    reach = max(step, 1) / 2
    edges = np.arange(length + 1, dtype=np.float32)
    edges[0], edges[-1] = -np.inf, np.inf
    covered = np.minimum(middles + reach, edges[1:]) - np.maximum(middles - reach, edges[:-1])
    weights: Floats = (np.maximum(covered, 0) / (2 * reach)).astype(np.float32)
    return weights
