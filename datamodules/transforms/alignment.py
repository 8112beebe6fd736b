"""Face alignment of arbitrary photos to the framing of training, with the runtime's detector."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Matrix, apply
from cartoonizer.geometry import cut_out, resized, scaled

FRAME_SIDE = 256
"""Side of an aligned frame in pixels, before it is scaled to the network's input size."""

MAX_ZOOM, MAX_ROTATION, MAX_SHIFT = 1.2, 15.0, 0.05
"""Maximum deviation of a face from the mean of training: size ratio, degrees, and fraction of a side. Of 150 photos of
CelebA, 149 are within these limits."""


class Aligner:
    """Finds the largest face of a photo, at any rotation, and the transform that aligns it as in training.

    Uses the detector of ``cartoonizer`` with the project's own weights, on the CPU.
    """

    def __init__(self) -> None:
        from cartoonizer.finder import Finder
        from cartoonizer.model_file import OWN_MODEL, read_model

        self._finder = Finder(read_model(OWN_MODEL), threads=1)

    def __call__(self, photo: NDArray[np.uint8]) -> Matrix | None:
        """The affine map ``(2, 3)`` from a photo ``(H, W, 3)`` to the aligned frame; None if there is no face."""
        found = self._finder(photo, 1)
        return self._finder.frame(photo, found[0]).matrix if found else None


def aligned(photo: NDArray[np.uint8], matrix: Matrix, side: int) -> NDArray[np.uint8]:
    """Warp a photo to its aligned frame ``(side, side, 3)``, white outside the photo.

    Args:
        photo: ``(H, W, 3)`` RGB.
        matrix: Affine map from the photo to a frame of ``FRAME_SIDE`` pixels.
        side: Side of the result in pixels.
    """
    larger = max(side, FRAME_SIDE)
    return resized(cut_out(photo, scaled(matrix, larger / FRAME_SIDE), larger).pixels, side)


@dataclass(frozen=True)
class Deviation:
    """Deviation of a face in a square photo from the mean of training.

    Attributes:
        zoom: Scale factor that would align it.
        rotation: Rotation that would align it, in degrees.
        shift: Distance of its centre from the mean's, in sides of the photo.
    """

    zoom: float
    rotation: float
    shift: float

    @classmethod
    def of(cls, matrix: Matrix) -> Deviation:
        """The deviation in a photo of ``FRAME_SIDE`` pixels.

        Args:
            matrix: Affine map from the photo to the frame.
        """
        centre = np.full(2, (FRAME_SIDE - 1) / 2)
        shift = float(np.linalg.norm(apply(matrix, centre) - centre)) / FRAME_SIDE
        zoom = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
        return cls(zoom, math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])), shift)

    @property
    def is_small(self) -> bool:
        """Whether the photo is framed as in training."""
        is_alike = 1 / MAX_ZOOM < self.zoom < MAX_ZOOM and abs(self.rotation) < MAX_ROTATION
        return is_alike and self.shift < MAX_SHIFT
