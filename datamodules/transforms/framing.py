"""Deterministic framing: the same square crop for every image of a domain, suitable for caching.

It aligns the faces of both domains: with the central 178 px square of CelebA's 178x218 and the central 0.8 of a
cartoon's side, eyes and nose of both agree within about 0.01 of the image size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datamodules.samples import Domain, RawFace

CARTOON_CROP = 0.8
"""Central fraction of a CartoonSet image's side, or of any cartoon's frame, that a network sees."""

LOAD_SCALE = 286 / 256
"""Photos are scaled to this multiple of the image size before a random crop (the CycleGAN recipe)."""


@dataclass(frozen=True)
class Framing:
    """Crops the largest central square of an image and scales it.

    Attributes:
        side: Side of the frame in pixels.
        zoom: Side of the image relative to the frame; below 1 it gets a white margin, above 1 it is cropped.
    """

    side: int
    zoom: float = 1.0

    def __call__(self, face: RawFace) -> RawFace:
        """The framed face, ``side`` x ``side`` pixels, with its landmarks transformed alike."""
        height, width = face.image.shape[:2]
        square = min(height, width)
        left, top = (width - square) // 2, (height - square) // 2
        image = face.image[top : top + square, left : left + square]
        scaled = round(self.side * self.zoom)
        if square != scaled:
            interpolation = cv2.INTER_AREA if square > scaled else cv2.INTER_LINEAR
            image = np.asarray(cv2.resize(image, (scaled, scaled), interpolation=interpolation), dtype=np.uint8)
        # Pixel centres are offset by half a pixel, before and after scaling.
        offset = np.array([left - 0.5, top - 0.5], dtype=np.float32)
        margin = (self.side - scaled) // 2
        landmarks = (face.landmarks - offset) * np.float32(scaled / square) + np.float32(margin - 0.5)
        return replace(face, image=_with_margin(image, margin, self.side), landmarks=landmarks)


def framing_for(domain: Domain, image_size: int, augment: bool, crop: float | None = None) -> Framing:
    """The framing from which the network input is cropped, with extra margin for augmentation.

    A cartoon's margin is for rotations and shifts, a photo's for random crops.

    Args:
        domain: Domain of the images.
        image_size: Side of the network input in pixels.
        augment: Whether the images are augmented.
        crop: Central fraction of an image's side that a network sees; by default the full photo, and ``CARTOON_CROP``
            of a cartoon, so that the margin comes from the image itself.
    """
    if domain == "cartoon":
        return Framing(round(image_size / CARTOON_CROP), CARTOON_CROP / (crop or CARTOON_CROP))
    return Framing(round(image_size * LOAD_SCALE) if augment else image_size, 1 / (crop or 1.0))


def _with_margin(image: NDArray[np.uint8], margin: int, side: int) -> NDArray[np.uint8]:
    """A square image with a white margin in pixels; a negative margin crops the border."""
    if margin == 0 and len(image) == side:
        return image
    if margin < 0:
        return image[-margin : side - margin, -margin : side - margin]
    framed = np.full((side, side, *image.shape[2:]), 255, dtype=np.uint8)
    framed[margin : margin + len(image), margin : margin + len(image)] = image
    return framed
