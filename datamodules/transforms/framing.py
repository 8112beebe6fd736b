"""The deterministic half of the geometry: the same square frame of every image of a domain, ready to be cached.

Under these frames the faces of both domains lie alike: a central square of 178 px of CelebA's 178x218 and the central
0.8 of a cartoon's side put eyes and nose of both within about 0.01 of the image size of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datamodules.samples import Domain, RawFace

CARTOON_CROP = 0.8
"""Central share of a CartoonSet image's side that a network sees, and of any cartoon's frame."""

LOAD_SCALE = 286 / 256
"""Photos to be augmented are scaled to this multiple of the image size before a random crop (the CycleGAN recipe)."""


@dataclass(frozen=True)
class Framing:
    """Largest central square of an image, scaled.

    Attributes:
        side: Side of the frame in pixels.
        zoom: Side of the image in sides of the frame; below 1 a white margin is left around it, above 1 the image's
            border is cut off.
    """

    side: int
    zoom: float = 1.0

    def __call__(self, face: RawFace) -> RawFace:
        """The framed face: ``side`` x ``side`` pixels, landmarks following exactly."""
        height, width = face.image.shape[:2]
        square = min(height, width)
        left, top = (width - square) // 2, (height - square) // 2
        image = face.image[top : top + square, left : left + square]
        scaled = round(self.side * self.zoom)
        if square != scaled:
            interpolation = cv2.INTER_AREA if square > scaled else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, (scaled, scaled), interpolation=interpolation), dtype=np.uint8)
        # A pixel's centre lies half a pixel inside its corner, before and after.
        offset = np.array([left - 0.5, top - 0.5], dtype=np.float32)
        margin = (self.side - scaled) // 2
        landmarks = (face.landmarks - offset) * np.float32(scaled / square) + np.float32(margin - 0.5)
        return replace(face, image=_with_margin(image, margin, self.side), landmarks=landmarks)


def framing_for(domain: Domain, image_size: int, augment: bool, crop: float | None = None) -> Framing:
    """The frame from which a network's ``image_size`` is cut: larger than it where augmentation needs room.

    A cartoon has a white margin for rotations and shifts to draw on; a photo gets room for a random crop.

    Args:
        domain: Whose images are framed.
        image_size: Pixels of a side that a network sees.
        augment: Whether they are augmented.
        crop: Central share of an image's side that a network sees; by default all of a photo, and ``CARTOON_CROP`` of a
            cartoon, whose margin then is its own.
    """
    if domain == "cartoon":
        return Framing(round(image_size / CARTOON_CROP), CARTOON_CROP / (crop or CARTOON_CROP))
    return Framing(round(image_size * LOAD_SCALE) if augment else image_size, 1 / (crop or 1.0))


def _with_margin(image: NDArray[np.uint8], margin: int, side: int) -> NDArray[np.uint8]:
    """A square image with a white margin in pixels, or where that is negative without its border."""
    if margin == 0 and len(image) == side:
        return image
    if margin < 0:
        return image[-margin : side - margin, -margin : side - margin]
    framed = np.full((side, side, *image.shape[2:]), 255, dtype=np.uint8)
    framed[margin : margin + len(image), margin : margin + len(image)] = image
    return framed
