"""The detector in onnxruntime against that in PyTorch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from datamodules.errors import DataError
from datamodules.images import read_rgb
from lightning_modules.detector import load_detector
from lightning_modules.export.detector import OnnxDetector
from networks.mtcnn import MTCNN, Card, Cascade, CascadeSettings, save_weights

SAME = 0.5
"""Tolerance of edges and landmarks in pixels."""


@pytest.fixture(scope="module")
def pictures(sample_root: Path) -> list[Tensor]:
    """The project's own drawn photos in several sizes."""
    paths = [
        *sorted((sample_root / "lfw_net").rglob("*.jpg"))[:4],
        *sorted((sample_root / "celeba").rglob("*.jpg"))[:4],
    ]
    scales = (1.0, 1.7, 2.5, 0.8) * 2
    return [
        torch.from_numpy(np.asarray(cv2.resize(read_rgb(path), None, fx=scale, fy=scale), dtype=np.uint8))
        for path, scale in zip(paths, scales, strict=True)
    ]


@pytest.mark.parametrize(
    "settings", [CascadeSettings(), CascadeSettings(12, (0.5, 0.3, 0.3), 0.79)], ids=["usual", "low"]
)
def test_both_backends_find_the_same_faces(pictures: list[Tensor], settings: CascadeSettings) -> None:
    by_torch = Cascade(load_detector(), settings).detect(pictures)
    by_onnx = OnnxDetector(settings=settings, threads=1).detect(pictures)
    assert sum(map(len, by_torch)) >= 3
    for expected, found in zip(by_torch, by_onnx, strict=True):
        assert len(found) == len(expected)
        torch.testing.assert_close(found.scores, expected.scores, atol=1e-3, rtol=0)
        torch.testing.assert_close(found.boxes, expected.boxes, atol=SAME, rtol=0)
        torch.testing.assert_close(found.landmarks, expected.landmarks, atol=SAME, rtol=0)


def test_weights_that_count_from_one_are_rejected(tmp_path: Path) -> None:
    save_weights(MTCNN(one_based=True), Card(source="a test"), tmp_path / "one.safetensors")
    with pytest.raises(DataError, match="counts pixels from 1"):
        OnnxDetector(tmp_path / "one.safetensors")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none"):
        OnnxDetector(tmp_path / "none.safetensors")
