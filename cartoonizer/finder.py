"""Finds faces with refined landmarks, and cuts out their frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cartoonizer.arrays import Floats, Matrix, Pixels, apply
from cartoonizer.cascade import Cascade
from cartoonizer.detector import Detection, detect
from cartoonizer.geometry import Frame, cut_out, fit_similarity, in_eighths, inverse
from cartoonizer.model_file import ModelFile
from cartoonizer.refinement import Refinement


@dataclass(frozen=True)
class Framed:
    """A face with its aligned frame.

    Attributes:
        detection: Position in the photo.
        frame: The upright frame.
        matrix: Map from the photo to the frame.
        landmarks: ``(5, 2)`` pixels of the frame.
    """

    detection: Detection
    frame: Frame
    matrix: Matrix
    landmarks: Floats


class Finder:
    """Finds faces and cuts them out.

    Args:
        model: The model file.
        threads: Threads per network.
    """

    def __init__(self, model: ModelFile, threads: int = 0) -> None:
        self._settings = model.manifest.detector
        self._side = model.manifest.frame.side
        self._target = model.manifest.frame.points(self._side)
        self._cascade = Cascade(model, self._settings, threads)
        self._refine = Refinement(self._cascade, model.manifest.frame, self._settings)

    def __call__(self, photo: Pixels, limit: int | None = None) -> list[Detection]:
        """The faces of a photo, largest first, at most ``limit``."""
        return [self._refined(photo, each) for each in detect(self._cascade, photo, self._settings)[:limit]]

    def frame(self, photo: Pixels, detection: Detection) -> Framed:
        """Cut out a face, aligned as in training."""
        matrix = fit_similarity(detection.landmarks, self._target)
        # float32, as in training
        linear, shift = matrix[:, :2].T.astype(np.float32), matrix[:, 2].astype(np.float32)
        return Framed(detection, cut_out(photo, matrix, self._side), matrix, detection.landmarks @ linear + shift)

    def _refined(self, photo: Pixels, detection: Detection) -> Detection:
        """Refine the landmarks of a face in its upright frame."""
        rough = fit_similarity(detection.landmarks, self._target)
        seen = self._refine(cut_out(photo, rough, self._side).pixels)
        landmarks = apply(inverse(rough), in_eighths(seen)).astype(np.float32)
        return replace(detection, landmarks=landmarks)
