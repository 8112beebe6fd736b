"""Validation of boxes and landmarks against the image size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.check.report import Fault, Severity

Size = tuple[int, int]
"""Width and height of an image in pixels."""

FEW_PIXELS = 3.0
"""Pixels that a box or landmark may be outside its image; attributed to rounding."""

SAME_FACE = 0.65
"""Minimum IoU at which MTCNN's training counts a box as a face (Zhang et al. 2016)."""

FAR_OUTSIDE = 0.1
"""Distance that a landmark may be outside, as a fraction of the image's longer side, for faces cut off by the edge."""


def find_box_fault(box: NDArray[np.float32], size: Size) -> Fault | None:
    """Validate the position of a box.

    Some official boxes extend beyond the image where a face is cut off. That is a note if the box still matches after
    it is clipped to the image: it is outside by at most ``FEW_PIXELS``, or its IoU with the clipped box is at least
    ``SAME_FACE``, the threshold of the detector's training. Any other box would be a wrong positive example for the
    detector, and is an error.

    Args:
        box: ``(4,)`` pixels, x1, y1, x2, y2, with positive area.
        size: Size of the image.

    Returns:
        Severity and reason, or None if the box is inside.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    width, height = size
    outside = max(-x1, -y1, x2 - width, y2 - height)
    if outside <= 0:
        return None
    clipped_width, clipped_height = min(x2, width) - max(x1, 0), min(y2, height) - max(y1, 0)
    where = f"the box {x1:g} {y1:g} to {x2:g} {y2:g} lies"
    image = f"the image of {width}x{height} px"
    if clipped_width <= 0 or clipped_height <= 0:
        return Severity.ERROR, f"{where} outside {image}"
    overlap = clipped_width * clipped_height / ((x2 - x1) * (y2 - y1))
    is_same_face = outside <= FEW_PIXELS or overlap >= SAME_FACE
    message = f"{where} {outside:g} px outside {image}, {overlap:.0%} of it inside"
    return (Severity.NOTE if is_same_face else Severity.ERROR), message


def find_landmark_fault(landmarks: NDArray[np.float32], size: Size) -> Fault | None:
    """Validate the positions of five landmarks.

    Args:
        landmarks: ``(5, 2)`` pixels.
        size: Size of the image.

    Returns:
        Severity and reason, or None if all are inside. Outside by up to ``FEW_PIXELS`` or ``FAR_OUTSIDE`` is a note.
    """
    distance = np.maximum(-landmarks, landmarks - np.array(size, dtype=np.float32)).max(axis=1)
    worst = int(distance.argmax())
    outside = float(distance[worst])
    if outside <= 0:
        return None
    x, y = landmarks[worst]
    is_far = outside > max(FEW_PIXELS, FAR_OUTSIDE * max(size))
    message = f"landmark {worst + 1} ({x:g}, {y:g}) lies {outside:g} px outside the image of {size[0]}x{size[1]} px"
    return (Severity.ERROR if is_far else Severity.NOTE), message
