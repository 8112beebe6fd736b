"""The detector in numpy and onnxruntime beside the one in PyTorch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from cartoonizer.cascade import Cascade
from cartoonizer.decode import decode
from cartoonizer.model_file import ModelFile
from lightning_modules.detector import load_detector
from networks.mtcnn import Cascade as TorchCascade
from networks.mtcnn import CascadeSettings


def test_faces_are_those_of_pytorch(cascade: Cascade, own_model: ModelFile, sample_root: Path) -> None:
    settings = own_model.manifest.detector
    expected_of = TorchCascade(load_detector(), CascadeSettings(min_face=settings.least_face))
    found_any = 0
    for path in sorted((sample_root / "lfw_net").rglob("*.jpg"))[:6]:
        photo = np.asarray(cv2.resize(decode(path), None, fx=1.5, fy=1.5), dtype=np.uint8)
        (expected,) = expected_of.detect([torch.from_numpy(photo)])
        found = cascade(photo)
        np.testing.assert_allclose(found.boxes, expected.boxes.numpy(), atol=1e-2)
        np.testing.assert_allclose(found.landmarks, expected.landmarks.numpy(), atol=1e-2)
        np.testing.assert_allclose(found.scores, expected.scores.numpy(), atol=1e-5)
        found_any += len(found.scores)
    assert found_any
