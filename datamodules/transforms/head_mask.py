"""Head masks: face, hair, beard and hat of a person, without neck, collar and shoulders.

A head mask is derived from a person mask and five landmarks. It is the training target of the portrait network, which
needs no landmarks itself. The unit of length is the distance between the centres of eyes and mouth; down is the
direction from eyes to mouth; heights are measured from the mouth.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CHIN = 0.62
"""Height of the chin's lower end."""

NOSE = -0.45
"""Height of the centre of the ellipse that the jaw follows."""

HALF_FACE = 1.05
"""Half width of that ellipse."""

TURNED = 1.5
"""For turned heads: widening of the near half and narrowing of the far half, per offset of the nose."""

BESIDE = (1.0, 1.3, -0.35, 0.05)
"""Region next to the jaw where long hair is visible: range in half widths, then range in height."""

HAIR_END = 0.9
"""Height at which long hair is cut."""

EAR = -0.1
"""Height at which the head ends at the sides without long hair."""

SOFTNESS = 0.03
"""Width of the soft edge, relative to the photo's shorter side."""


def head_mask(person: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The head mask of a person.

    In the middle the cut follows the jaw. On sides where the person mask extends next to the jaw (long hair, not
    shoulders), the cut is lower to keep the hair.

    Args:
        person: ``(H, W)``, 255 for the person.
        landmarks: ``(5, 2)`` pixels.

    Returns:
        ``(H, W)``, 255 for the head; the person mask if the landmarks are unknown or coincide.
    """
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    length = float(np.linalg.norm(mouth - eyes))
    if not length > 0:  # NaN, too
        return person
    height, width = person.shape
    down = (mouth - eyes) / length
    x = np.arange(width, dtype=np.float32)[None] - mouth[0]
    y = np.arange(height, dtype=np.float32)[:, None] - mouth[1]
    below = (x * down[0] + y * down[1]) / length
    across = (x * down[1] - y * down[0]) / length
    nose = landmarks[2] - mouth
    yaw = TURNED * float(nose[0] * down[1] - nose[1] * down[0]) / length
    halves = np.clip([HALF_FACE + yaw, HALF_FACE - yaw], 0.7 * HALF_FACE, 1.7 * HALF_FACE)
    aside = np.where(across < 0, -across / halves[0], across / halves[1])
    cut = np.maximum(NOSE + (CHIN - NOSE) * np.sqrt(np.clip(1 - aside**2, 0, 1)), EAR)
    for is_side in (across < 0, across >= 0):
        hair = _hair_beside(person, is_side, aside, below)
        hangs = np.clip((aside - 0.35) / 0.5, 0, 1) * is_side
        cut = cut + hair * hangs * (HAIR_END - cut)
    ramp = SOFTNESS * min(height, width) / length
    share = np.clip((cut - below) / ramp + 0.5, 0, 1).astype(np.float32)
    share = cv2.GaussianBlur(share, (0, 0), 0.01 * min(height, width))
    return np.asarray(np.rint(person * share), dtype=np.uint8)


def _hair_beside(
    person: NDArray[np.uint8], is_side: NDArray[np.bool_], aside: NDArray[np.float32], below: NDArray[np.float32]
) -> float:
    """Confidence in [0, 1] that there is long hair on a side, from the person mask's coverage next to the jaw."""
    near, far, top, bottom = BESIDE
    place = is_side & (aside > near) & (aside < far) & (below > top) & (below < bottom)
    if not place.any():  # outside the photo
        return 0.0
    return float(np.clip((person[place].mean() / 255 - 0.35) / 0.3, 0, 1))
