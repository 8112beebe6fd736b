"""Cleans mattes, and replaces the background with white."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Pixels

LEAST_SHARE = 0.03
"""Minimum fraction of the frame covered by a matte; below, no person was found and the frame is unchanged."""

_BLURS = ((0.2, 8), (0.08, 4))
"""Blur window sizes, relative to the image side, and exponents of the matte as weights."""
_LEAST = np.float32(1e-4)

_FAINT = 63
"""Maximum value of a matte that counts as background for connected components."""

_REACH = 1 / 64
_STEEPNESS = 3
"""Reach of the windows that smooth a matte, relative to its side, and the slope of the edge that they leave."""


def on_white(image: Pixels, matte: Pixels) -> Pixels:
    """Composite a square image ``(H, H, 3)`` on white with a square matte of any size.

    At partially covered pixels, the foreground colour is estimated to remove the old background.
    """
    side = image.shape[0]
    if matte.shape[0] != side:
        interpolation = cv2.INTER_AREA if matte.shape[0] > side else cv2.INTER_LINEAR
        matte = np.asarray(cv2.resize(matte, (side, side), interpolation=interpolation), dtype=np.uint8)
    if ((matte > 0) & (matte < 255)).any():
        image = foreground_colours(image, matte)
    return composite_on_white(np.dstack([image, matte]))


def foreground_colours(image: Pixels, matte: Pixels) -> Pixels:
    """Estimate the foreground colours of an image ``(H, W, 3)`` from a matte ``(H, W)``, 255 inside.

    Where the matte is 255, they are those of the image itself. Two rounds of blur fusion (Forte 2021), with higher
    weights for almost fully covered or uncovered pixels.
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


def composite_on_white(rgba: Pixels) -> Pixels:
    """Composite an RGBA image ``(H, W, 4)`` on white: ``(H, W, 3)``."""
    alpha = rgba[..., 3:].astype(np.uint16)
    colour = rgba[..., :3].astype(np.uint16)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def tidied(matte: Pixels) -> Pixels:
    """Clean a matte ``(S, S)``: keep only the central person; 255 everywhere if nobody is found.

    Values from 25 % to 75 % are stretched to the full range. Of the connected components, the one with the largest
    centre-weighted area is kept. Its outline is smoothed, since generators draw every fringe of it.
    """
    matte = np.clip(2 * matte.astype(np.int16) - 127, 0, 255).astype(np.uint8)
    count, labels = cv2.connectedComponents((matte > _FAINT).astype(np.uint8))
    if count > 1:
        place = np.linspace(-1, 1, len(matte), dtype=np.float32)
        weight = np.exp(-2 * (place[:, None] ** 2 + place[None] ** 2)) * matte
        shares = np.bincount(labels.ravel(), weights=weight.ravel(), minlength=count)
        main = 1 + int(shares[1:].argmax())
        # Include its soft edge.
        near = cv2.dilate((labels == main).astype(np.uint8), np.ones((5, 5), dtype=np.uint8))
        matte = smoothed(np.where(near > 0, matte, 0).astype(np.uint8))
    return matte if matte.mean() > 255 * LEAST_SHARE else np.full_like(matte, 255)


def smoothed(matte: Pixels) -> Pixels:
    """Smooth the outline of a matte ``(S, S)``; parts thinner than a fortieth of a side go.

    Two passes of a box filter and a steeper edge, in integers: the web page computes the same.
    """
    window = (2 * max(1, round(_REACH * len(matte))) + 1,) * 2
    sums = matte.astype(np.int32)
    for _ in range(2):
        sums = np.asarray(cv2.boxFilter(sums, cv2.CV_32S, window, normalize=False, borderType=cv2.BORDER_REPLICATE))
    count = window[0] ** 4
    steeper = (_STEEPNESS * sums + count // 2) // count - (_STEEPNESS - 1) * 255 // 2
    return np.clip(steeper, 0, 255).astype(np.uint8)


def head_region(matte: Pixels) -> NDArray[np.bool_]:
    """Region of the head in a finished cartoon, with its soft edge and without specks; everywhere if there is none.

    Args:
        matte: ``(S, S)`` matte of the cartoon, 255 inside.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats((matte > _FAINT).astype(np.uint8))
    if len(stats) == 1:
        return np.ones(matte.shape, dtype=np.bool_)
    main = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    near = cv2.dilate((labels == main).astype(np.uint8), np.ones((9, 9), dtype=np.uint8))
    specks = cv2.dilate(((labels > 0) & (labels != main)).astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    return np.asarray((near > 0) & ((specks == 0) | (labels == main)))
