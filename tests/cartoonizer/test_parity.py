"""The runtime and the chain in PyTorch make the same cartoons."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from apps.cartoonize.chain import Cartoonizer as TorchCartoonizer
from cartoonizer import Cartoonizer
from cartoonizer.arrays import Floats
from cartoonizer.decode import decode
from cartoonizer.geometry import in_eighths
from datamodules.images import find_images
from datamodules.transforms.face_box import MEAN_FACE
from lightning_modules.landmark_detector import MEAN_PHOTO, SEARCHED_SIDE

LARGEST_DIFFERENCE = 2
AN_EIGHTH = 0.15
"""An eighth of a pixel in the frame or the searched photo, in pixels of these photos: landmarks are rounded to it."""
NOISE = 2e-4
"""Distance in pixels from the border between two eighths within which floating-point noise can decide."""


@pytest.fixture(scope="module")
def torch_cartoonizer() -> TorchCartoonizer:
    return TorchCartoonizer(device="cpu")


@pytest.fixture
def to_borders(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How far the landmarks that the runtime rounds are at least from the border between two eighths, in pixels."""
    distances: list[float] = []

    def rounded(points: Floats) -> Floats:
        if points.size:
            distances.append(float(np.abs(points * 8 % 1 - 0.5).min() / 8))
        return in_eighths(points)

    for module in ("detector", "finder"):
        monkeypatch.setattr(f"cartoonizer.{module}.in_eighths", rounded)
    return distances


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_cartoons_are_those_of_pytorch(
    cartoonizer: Cartoonizer,
    torch_cartoonizer: TorchCartoonizer,
    sample_root: Path,
    to_borders: list[float],
    degrees: float,
) -> None:
    differences, rounded_otherwise = [], 0
    for path in find_images(sample_root / "celeba" / "img_align_celeba")[:12]:
        photo = decode(path)
        matrix = cv2.getRotationMatrix2D((89, 109), degrees, 1.4)
        matrix[:, 2] += 60
        photo = np.asarray(cv2.warpAffine(photo, matrix, (300, 340), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
        to_borders.clear()
        expected, found = torch_cartoonizer(photo, faces="all"), cartoonizer(photo)
        assert [face.hair for face in expected] == [face.hair for face in found]
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(one.landmarks, other.landmarks, atol=AN_EIGHTH)
            if np.abs(one.landmarks - other.landmarks).max() > 1e-3:
                assert min(to_borders) < NOISE
                rounded_otherwise += 1
                continue
            np.testing.assert_allclose(one.matrix, other.matrix, atol=1e-3)
            differences += [
                np.abs(one.cartoon.astype(int) - other.pixels)[other.pixels[..., 3] > 64].max(),
                np.abs(one.cartoon[..., 3].astype(int) - other.pixels[..., 3]).max(),
                np.abs(one.on_white.astype(int) - other.plain).max(),
            ]
    assert len(differences) >= 30
    assert rounded_otherwise <= 2
    assert max(differences) <= LARGEST_DIFFERENCE


def test_the_model_has_the_geometry_of_training(cartoonizer: Cartoonizer) -> None:
    manifest = cartoonizer.manifest
    torch.testing.assert_close(torch.from_numpy(manifest.frame.landmarks), MEAN_PHOTO, atol=0, rtol=0)
    torch.testing.assert_close(torch.from_numpy(manifest.detector.face), MEAN_FACE, atol=0, rtol=0)
    assert manifest.detector.searched_side == SEARCHED_SIDE
