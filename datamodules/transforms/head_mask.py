"""Where a head ends: face, hair, beard and hat of a person without neck, collar and shoulders.

A mask of the person and the five landmarks make a mask of the head. It teaches the portrait network, which then needs
no landmarks. Lengths are in distances between the eyes' and the mouth's centres, the direction from the eyes to the
mouth is downwards, and heights are counted from the mouth.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CHIN = 0.62
"""Where the chin ends."""

NOSE = -0.45
"""Height of the centre of the ellipse that the jaw follows."""

HALF_FACE = 1.05
"""Half width of that ellipse."""

TURNED = 1.5
"""How much the half that is turned to the viewer is wider, and the other narrower, in offsets of the nose."""

BESIDE = (1.0, 1.3, -0.35, 0.05)
"""Where hair that hangs is seen beside the jaw: from and to in half widths, from and to in height."""

HAIR_END = 0.9
"""Where hair that hangs is cut."""

EAR = -0.1
"""Where the head ends beside the face when no hair hangs."""

SOFTNESS = 0.03
"""Width of the cut's ramp, in shorter sides of the photo."""


def head_mask(person: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The head of a masked person.

    In the middle the cut follows the jaw. On a side where the person is seen beside the jaw, which long hair is and
    shoulders are not, it goes down instead, so that the hair stays.

    Args:
        person: ``(H, W)``, 255 the person.
        landmarks: ``(5, 2)`` pixels.

    Returns:
        ``(H, W)``, 255 the head; the person where the landmarks are unknown or in one point.
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
    turn = TURNED * float(nose[0] * down[1] - nose[1] * down[0]) / length
    halves = np.clip([HALF_FACE + turn, HALF_FACE - turn], 0.7 * HALF_FACE, 1.7 * HALF_FACE)
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
    """How sure it is that hair hangs on a side, in [0, 1]: how much of the place beside the jaw is the person."""
    near, far, top, bottom = BESIDE
    place = is_side & (aside > near) & (aside < far) & (below > top) & (below < bottom)
    if not place.any():  # outside the photo
        return 0.0
    return float(np.clip((person[place].mean() / 255 - 0.35) / 0.3, 0, 1))
