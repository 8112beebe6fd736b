"""When a box or a point is wrong for its image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.check.report import Fault, Severity

Size = tuple[int, int]
"""Width and height of an image in pixels."""

FEW_PIXELS = 3.0
"""How far any box or point may leave its image: that much is rounding."""

SAME_FACE = 0.65
"""IoU from which MTCNN takes a box for a face (Zhang et al. 2016)."""

FAR_OUTSIDE = 0.1
"""How far a landmark may lie outside, as a part of the image's longer side: a chin or an eye that the frame cut off."""


def find_box_fault(box: NDArray[np.float32], size: Size) -> Fault | None:
    """What is wrong with where a box lies.

    Official boxes leave their image where the frame cuts a face off, so leaving is a note as long as the box means the
    same face after it is clipped to the image: by ``FEW_PIXELS`` at most, or with an IoU of at least ``SAME_FACE``
    between the box and its clipped self, from which the detector's training takes two boxes for one. A box that is
    further out would teach the detector a face where there is none, and is an error.

    Args:
        box: ``(4,)`` pixels, x1, y1, x2, y2, of positive area.
        size: Of the image.

    Returns:
        Severity and reason, or None for a box inside.
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
    """What is wrong with where five points lie.

    Args:
        landmarks: ``(5, 2)`` pixels.
        size: Of the image.

    Returns:
        Severity and reason, or None for points inside. Outside by up to ``FEW_PIXELS`` or ``FAR_OUTSIDE`` is a note.
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
