"""The deterministic half of the geometry: the same square frame of every image of a domain, ready to be cached.

Under these frames the faces of both domains lie alike: a central square of 178 px of CelebA's 178x218 and the central
0.8 of a cartoon's side put eyes and nose of both within about 0.01 of the image size of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from datamodules.samples import Domain, RawFace

CARTOON_CROP = 0.8
"""Central share of a cartoon's side that a network sees."""

LOAD_SCALE = 286 / 256
"""Photos to be augmented are scaled to this multiple of the image size before a random crop (the CycleGAN recipe)."""


@dataclass(frozen=True)
class Framing:
    """Largest central square of an image, scaled.

    Attributes:
        side: Side of the frame in pixels.
    """

    side: int

    def __call__(self, face: RawFace) -> RawFace:
        """The framed face: ``side`` x ``side`` pixels, landmarks following exactly."""
        height, width = face.image.shape[:2]
        square = min(height, width)
        left, top = (width - square) // 2, (height - square) // 2
        image = face.image[top : top + square, left : left + square]
        if square != self.side:
            interpolation = cv2.INTER_AREA if square > self.side else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, (self.side, self.side), interpolation=interpolation), dtype=np.uint8)
        # A pixel's centre lies half a pixel inside its corner, before and after.
        offset = np.array([left - 0.5, top - 0.5], dtype=np.float32)
        landmarks = (face.landmarks - offset) * np.float32(self.side / square) - np.float32(0.5)
        return replace(face, image=image, landmarks=landmarks)


def framing_for(domain: Domain, image_size: int, augment: bool) -> Framing:
    """The frame from which a network's ``image_size`` is cut: larger than it where augmentation needs room.

    A cartoon keeps its white margin for rotations and shifts to draw on; a photo gets room for a random crop.
    """
    if domain == "cartoon":
        return Framing(round(image_size / CARTOON_CROP))
    return Framing(round(image_size * LOAD_SCALE) if augment else image_size)
