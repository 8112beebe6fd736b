"""Detects faces in photos at any rotation."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cartoonizer.arrays import Floats, Pixels, apply
from cartoonizer.cascade import Cascade, Detections
from cartoonizer.geometry import in_eighths, inverse, reduced_to, turn
from cartoonizer.manifest import DetectorSettings

TURNS = (0, 45, -45, 90, -90, 180)
"""Rotations in degrees that are tried in order until a face is found, since the networks only detect upright faces."""


@dataclass(frozen=True)
class Detection:
    """A face in a photo.

    Attributes:
        box: x1, y1, x2, y2 in pixels.
        landmarks: ``(5, 2)`` pixels: eyes, nose, mouth corners, image-left first.
        score: Probability in [0, 1] that it is a face.
    """

    box: tuple[float, float, float, float]
    landmarks: Floats
    score: float


def detect(cascade: Cascade, photo: Pixels, settings: DetectorSettings) -> list[Detection]:
    """The faces of a photo ``(H, W, 3)``, largest first."""
    small, scale = reduced_to(photo, settings.searched_side)
    found = _search(cascade, small)
    boxes = (found.boxes.reshape(-1, 2, 2) * scale).reshape(-1, 4)
    landmarks = (in_eighths(found.landmarks) + np.float32(0.5)) * scale - np.float32(0.5)
    order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    return [_detection(boxes[index], landmarks[index], found.scores[index]) for index in order]


def _detection(box: Floats, landmarks: Floats, score: np.float32) -> Detection:
    x1, y1, x2, y2 = map(float, box)
    return Detection((x1, y1, x2, y2), landmarks, float(score))


def _search(cascade: Cascade, image: Pixels) -> Detections:
    """The faces of an image; if there is none, those of the rotated image."""
    found = cascade(image)
    for degrees in TURNS[1:]:
        if len(found.scores):
            break
        found = _search_turned(cascade, image, degrees)
    return found


def _search_turned(cascade: Cascade, image: Pixels, degrees: float) -> Detections:
    matrix, size = turn(image.shape[:2], degrees)
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)
    found = cascade(np.asarray(turned, dtype=np.uint8))
    back = inverse(matrix).astype(np.float32)
    corners = apply(back, found.boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]])
    upright = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    landmarks = apply(back, found.landmarks)
    return Detections(upright.astype(np.float32), landmarks.astype(np.float32), found.scores)
