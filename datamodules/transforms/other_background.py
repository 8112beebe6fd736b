"""Photos of people with the background of another photo, to train the portrait network."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.background import foreground_colours
from datamodules.datasets.masks import MaskedPhoto

_SHRINK = 4
_MARGIN = 9
"""Side in pixels of the square by which people are dilated before they are painted over."""


def with_other_background(photo: MaskedPhoto, other: MaskedPhoto) -> MaskedPhoto:
    """The person of ``photo`` in front of the background of ``other``, which is resized to fit; masks are kept.

    The other person, mostly hidden behind this one, is painted over.
    """
    height, width = photo.image.shape[:2]
    background = cv2.resize(background_of(other), (width, height), interpolation=cv2.INTER_LINEAR)
    alpha = photo.masks[..., :1].astype(np.float32) / 255
    colours = foreground_colours(photo.image, photo.masks[..., 0])
    return photo._replace(image=np.rint(alpha * colours + (1 - alpha) * background).astype(np.uint8))


def background_of(photo: MaskedPhoto) -> NDArray[np.uint8]:
    """A photo ``(H, W, 3)`` whose people are roughly painted over with what surrounds them."""
    person = cv2.dilate((photo.masks[..., 0] > 0).astype(np.uint8), np.ones((_MARGIN, _MARGIN), dtype=np.uint8))
    height, width = person.shape
    size = max(1, width // _SHRINK), max(1, height // _SHRINK)
    small = cv2.resize(photo.image, size, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(person, size, interpolation=cv2.INTER_NEAREST)
    filled = cv2.resize(cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where(person[..., None] > 0, filled, photo.image), dtype=np.uint8)
