from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.cascade import Cascade
from cartoonizer.detector import detect
from cartoonizer.model_file import ModelFile


def test_a_large_photo_is_searched_reduced_and_answered_in_its_own_pixels(
    cascade: Cascade, own_model: ModelFile, pixels: NDArray[np.uint8]
) -> None:
    settings = own_model.manifest.detector
    (expected,) = detect(cascade, pixels, settings)
    large = np.asarray(cv2.resize(pixels, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    (found,) = detect(cascade, large, settings)
    distance = np.linalg.norm(found.landmarks - (expected.landmarks * 8 + 3.5), axis=1)
    assert distance.mean() < 0.1 * np.linalg.norm(found.landmarks[1] - found.landmarks[0])
