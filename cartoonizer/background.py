"""What of a framed photo is the person, and white in place of the rest."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Pixels

LEAST_SHARE = 0.03
"""A matte that leaves less of the frame than this share found nobody; the frame stays as it is."""

_BLURS = ((0.2, 8), (0.08, 4))
"""Sides of the windows, in sides of the image, within which colours are alike, and powers of the matte that weigh."""
_LEAST = np.float32(1e-4)

_FAINT = 63
"""Values of a matte up to which nothing is connected."""


def on_white(image: Pixels, matte: Pixels) -> Pixels:
    """A square image ``(H, H, 3)`` with white where a square matte of any size is 0.

    Where the matte is between, the colour is the person's own, without what shines through from behind.
    """
    side = image.shape[0]
    if matte.shape[0] != side:
        interpolation = cv2.INTER_AREA if matte.shape[0] > side else cv2.INTER_LINEAR
        matte = np.asarray(cv2.resize(matte, (side, side), interpolation=interpolation), dtype=np.uint8)
    if ((matte > 0) & (matte < 255)).any():
        image = _own_colours(image, matte)
    return composite_on_white(np.dstack([image, matte]))


def composite_on_white(rgba: Pixels) -> Pixels:
    """An image ``(H, W, 4)`` with alpha laid on white: ``(H, W, 3)``."""
    alpha = rgba[..., 3:].astype(np.uint16)
    colour = rgba[..., :3].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def tidied(matte: Pixels) -> Pixels:
    """A matte ``(S, S)`` of the one in the middle, without smudges; 255 throughout if nobody is found.

    Values between a quarter and three quarters are stretched to all. Of the connected parts that stays which covers
    most, what lies in the middle counting most.
    """
    matte = np.clip(2 * matte.astype(np.int16) - 127, 0, 255).astype(np.uint8)
    count, labels = cv2.connectedComponents((matte > _FAINT).astype(np.uint8))
    if count > 1:
        place = np.linspace(-1, 1, len(matte), dtype=np.float32)
        weight = np.exp(-2 * (place[:, None] ** 2 + place[None] ** 2)) * matte
        shares = np.bincount(labels.ravel(), weights=weight.ravel(), minlength=count)
        main = 1 + int(shares[1:].argmax())
        # Its faint edge belongs to it.
        near = cv2.dilate((labels == main).astype(np.uint8), np.ones((5, 5), dtype=np.uint8))
        matte = np.where(near > 0, matte, 0).astype(np.uint8)
    return matte if matte.mean() > 255 * LEAST_SHARE else np.full_like(matte, 255)


def head_region(matte: Pixels) -> NDArray[np.bool_]:
    """Where the head of a finished cartoon is, with its soft edge and without specks; everywhere if there is none.

    Args:
        matte: ``(S, S)`` of the cartoon, 255 inside.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats((matte > _FAINT).astype(np.uint8))
    if len(stats) == 1:
        return np.ones(matte.shape, dtype=np.bool_)
    main = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    near = cv2.dilate((labels == main).astype(np.uint8), np.ones((9, 9), dtype=np.uint8))
    specks = cv2.dilate(((labels > 0) & (labels != main)).astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    return np.asarray((near > 0) & ((specks == 0) | (labels == main)))


def _own_colours(image: Pixels, matte: Pixels) -> Pixels:
    """The colours of what a matte covers; where it is 255 those of the image itself.

    Two rounds of blur fusion (Forte 2021), which here trusts what is almost covered or almost bare most.
    """
    colours = image.astype(np.float32)
    alpha = np.repeat(matte[..., None].astype(np.float32) / 255, 3, axis=2)
    front = behind = colours
    for share, trust in _BLURS:
        size = (max(3, round(share * len(image))),) * 2
        of_front, of_behind = alpha**trust, (1 - alpha) ** trust
        front_near = (cv2.blur(front * of_front, size) + _LEAST * front) / (cv2.blur(of_front, size) + _LEAST)
        behind = (cv2.blur(behind * of_behind, size) + _LEAST * behind) / (cv2.blur(of_behind, size) + _LEAST)
        front = front_near + alpha * (colours - alpha * front_near - (1 - alpha) * behind)
        front = np.clip(front, 0, 255)
    return np.asarray(np.rint(front), dtype=np.uint8)
