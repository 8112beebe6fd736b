"""Faces of a photo with exact landmarks, and the frames that are cut out of it."""

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
    """A face, cut out of its photo.

    Attributes:
        detection: Where it is.
        frame: What was cut out, upright.
        matrix: From the photo to the frame.
        landmarks: ``(5, 2)`` pixels of the frame.
    """

    detection: Detection
    frame: Frame
    matrix: Matrix
    landmarks: Floats


class Finder:
    """Finds faces and cuts them out.

    Args:
        model: The file with the detector's nets.
        threads: Threads of a net's run.
    """

    def __init__(self, model: ModelFile, threads: int = 0) -> None:
        self._settings = model.manifest.detector
        self._side = model.manifest.frame.side
        self._target = model.manifest.frame.points(self._side)
        self._cascade = Cascade(model, self._settings, threads)
        self._refine = Refinement(self._cascade, model.manifest.frame, self._settings)

    def __call__(self, photo: Pixels, most: int | None = None) -> list[Detection]:
        """The faces of a photo, largest first, at most so many."""
        return [self._refined(photo, each) for each in detect(self._cascade, photo, self._settings)[:most]]

    def frame(self, photo: Pixels, detection: Detection) -> Framed:
        """A face, cut out to where training has its faces."""
        matrix = fit_similarity(detection.landmarks, self._target)
        # In float32, as the translator was trained to be told.
        linear, shift = matrix[:, :2].T.astype(np.float32), matrix[:, 2].astype(np.float32)
        return Framed(detection, cut_out(photo, matrix, self._side), matrix, detection.landmarks @ linear + shift)

    def _refined(self, photo: Pixels, detection: Detection) -> Detection:
        """A face whose landmarks were found once more in its upright frame."""
        rough = fit_similarity(detection.landmarks, self._target)
        seen = self._refine(cut_out(photo, rough, self._side).pixels)
        landmarks = apply(inverse(rough), in_eighths(seen)).astype(np.float32)
        return replace(detection, landmarks=landmarks)
