from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cartoonizer.cascade import Cascade
from cartoonizer.model_file import ModelFile
from cartoonizer.refinement import Refinement, interval_weights, square_of_landmarks
from datamodules.transforms.face_box import MEAN_FACE
from datamodules.transforms.face_box import square_of_landmarks as square_in_training
from lightning_modules.detector import load_detector
from networks.mtcnn import LandmarkRegressor


def test_landmarks_are_refined_as_in_training(
    cascade: Cascade, own_model: ModelFile, pixels: NDArray[np.uint8]
) -> None:
    manifest = own_model.manifest
    frame = np.asarray(cv2.resize(pixels[20:198], (manifest.frame.side,) * 2), dtype=np.uint8)
    window = square_in_training(torch.from_numpy(manifest.frame.points(manifest.frame.side))[None])
    image = torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1
    expected = LandmarkRegressor(load_detector().onet)(image, window)[0]
    found = Refinement(cascade, manifest.frame, manifest.detector)(frame)
    np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-2)
    square = square_of_landmarks(manifest.frame.points(manifest.frame.side), MEAN_FACE.numpy())
    np.testing.assert_allclose(square, window[0].numpy(), atol=1e-3)
    np.testing.assert_allclose(interval_weights(-3.0, 40.0, 48, 30).sum(axis=1), 1, atol=1e-5)
