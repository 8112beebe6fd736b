"""The result for one face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cartoonizer.arrays import Floats, Matrix, Pixels
from cartoonizer.detector import Detection


@dataclass(frozen=True)
class Face:
    """A face and its cartoon.

    Attributes:
        pixels: ``(S, S, 4)`` uint8 RGBA; transparent around the cartoon.
        plain: ``(S, S, 3)`` uint8 RGB, the cartoon on white.
        frame: ``(F, F, 3)`` uint8 RGB, the aligned face from the photo.
        detection: Position of the face.
        matrix: ``(2, 3)`` map from pixels of the photo to pixels of the cartoon.
        labels: The requested classes, such as ``{"hair": "blonde"}``, with "own" resolved.
        own: The classes that the classifier finds in the photo.
    """

    pixels: Pixels
    plain: Pixels
    frame: Pixels
    detection: Detection
    matrix: Matrix
    labels: Mapping[str, str]
    own: Mapping[str, str]

    @property
    def cartoon(self) -> Image.Image:
        """The cartoon, RGBA."""
        return Image.fromarray(self.pixels)

    @property
    def on_white(self) -> Image.Image:
        """The cartoon on white, RGB."""
        return Image.fromarray(np.ascontiguousarray(self.plain))

    @property
    def photo(self) -> Image.Image:
        """The aligned face from the photo, RGB."""
        return Image.fromarray(np.ascontiguousarray(self.frame))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 of the face in pixels of the photo."""
        return self.detection.box

    @property
    def landmarks(self) -> Floats:
        """``(5, 2)`` pixels of the photo: eyes, nose, mouth corners, image-left first."""
        return self.detection.landmarks

    @property
    def score(self) -> float:
        """Probability in [0, 1] that it is a face."""
        return self.detection.score

    @property
    def hair(self) -> str | None:
        """The hair colour of the cartoon; None for a model without this label."""
        return self.labels.get("hair")
