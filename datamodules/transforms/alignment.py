"""Photos of any kind, cut out to where training has its faces, by the chain of the runtime."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Matrix, apply
from cartoonizer.geometry import cut_out, resized, scaled

FRAME_SIDE = 256
"""Pixels of a frame, before it is reduced to what a network takes."""

MAX_ZOOM, MAX_ROTATION, MAX_SHIFT = 1.2, 15.0, 0.05
"""Ratio of sizes, degrees, and fraction of a side by which a face may differ from the mean of training: almost no photo
of CelebA does (149 of 150)."""


class Aligner:
    """Finds the largest face of a photo, upright or not, and the map that takes it to where training has its faces.

    It is the detector of `cartoonizer`, with the project's own weights, on the CPU.
    """

    def __init__(self) -> None:
        from cartoonizer.finder import Finder
        from cartoonizer.model_file import OWN_MODEL, read_model

        self._finder = Finder(read_model(OWN_MODEL), threads=1)

    def __call__(self, photo: NDArray[np.uint8]) -> Matrix | None:
        """The map ``(2, 3)`` from pixels of a photo ``(H, W, 3)`` to those of a frame; None if there is no face."""
        found = self._finder(photo, 1)
        return self._finder.frame(photo, found[0]).matrix if found else None


def aligned(photo: NDArray[np.uint8], matrix: Matrix, side: int) -> NDArray[np.uint8]:
    """A frame ``(side, side, 3)`` of a photo; white beyond the photo.

    Args:
        photo: ``(H, W, 3)`` RGB.
        matrix: From the photo to a frame of `FRAME_SIDE` pixels.
        side: Pixels of the frame's side.
    """
    larger = max(side, FRAME_SIDE)
    return resized(cut_out(photo, scaled(matrix, larger / FRAME_SIDE), larger).pixels, side)


@dataclass(frozen=True)
class Deviation:
    """How a face lies in a square photo, compared with the mean of training.

    Attributes:
        zoom: By how much it would have to be enlarged.
        rotation: Degrees by which it would have to be turned.
        shift: How far its middle lies from the mean's, in sides of the photo.
    """

    zoom: float
    rotation: float
    shift: float

    @classmethod
    def of(cls, matrix: Matrix) -> Deviation:
        """The deviation in a photo of `FRAME_SIDE` pixels.

        Args:
            matrix: From the photo to the frame.
        """
        centre = np.full(2, (FRAME_SIDE - 1) / 2)
        shift = float(np.linalg.norm(apply(matrix, centre) - centre)) / FRAME_SIDE
        zoom = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
        return cls(zoom, math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])), shift)

    @property
    def is_small(self) -> bool:
        """Whether the photo is framed as those of training are."""
        is_alike = 1 / MAX_ZOOM < self.zoom < MAX_ZOOM and abs(self.rotation) < MAX_ROTATION
        return is_alike and self.shift < MAX_SHIFT
