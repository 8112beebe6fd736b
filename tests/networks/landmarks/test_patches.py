"""Patches against slices of padded images."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from networks.landmarks import PARTS, Part, cut_patches


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def oracle(image: Tensor, landmarks: Tensor, part: Part, height: int, width: int) -> Tensor:
    """One patch by padding, slicing, and the mask pixel by pixel."""
    margin = 64
    points = landmarks[list(part.landmarks)]
    middle_x, middle_y = points.mean(dim=0).tolist()
    left, top = round(middle_x - (width - 1) / 2), round(middle_y - (height - 1) / 2)
    padded = F.pad(image[None], [margin] * 4, mode="replicate")[0]
    patch = padded[:, top + margin : top + margin + height, left + margin : left + margin + width].clone()
    sigma = part.sigma * max(image.shape[1:])
    for row in range(height):
        for column in range(width):
            rest = 1.0
            for x, y in points.tolist():
                rest *= 1 - math.exp(-((left + column - x) ** 2 + (top + row - y) ** 2) / (2 * sigma**2))
            patch[:, row, column] *= 1 - rest
    return patch


@pytest.mark.parametrize("name", ["eyes", "nose", "mouth"])
def test_patches_are_slices_under_a_mask(name: str) -> None:
    images = noise(3, 2, 64, 64)
    landmarks = torch.rand(3, 5, 2, generator=torch.Generator().manual_seed(1)) * 70 - 3  # some beyond the border
    patches = cut_patches(images, landmarks, PARTS[name])
    height, width = {"eyes": (16, 32), "nose": (16, 16), "mouth": (16, 24)}[name]
    assert patches.shape == (3, 2, height, width)
    for patch, image, points in zip(patches, images, landmarks, strict=True):
        torch.testing.assert_close(patch, oracle(image, points, PARTS[name], height, width), atol=1e-5, rtol=0)


def test_sizes_are_the_project_s_at_256_px_and_never_too_small() -> None:
    landmarks = torch.full((1, 5, 2), 100.0)
    shapes = [cut_patches(noise(1, 3, 256, 256), landmarks, part).shape[2:] for part in PARTS.values()]
    assert shapes == [(64, 128), (64, 64), (64, 96)]
    assert cut_patches(noise(1, 3, 32, 32), landmarks / 8, PARTS["eyes"], min_size=12).shape[2:] == (12, 16)


def test_what_lies_on_the_landmark_stays_and_what_is_far_fades() -> None:
    images = torch.ones(1, 3, 64, 64)
    landmarks = torch.tensor([[[20.0, 30.0], [36.0, 30.0], [28.0, 38.0], [22.0, 46.0], [34.0, 46.0]]])
    eyes = cut_patches(images, landmarks, PARTS["eyes"])[0, 0]
    top, left = 30 - 8, 28 - 16
    assert eyes[30 - top, 20 - left] == pytest.approx(1.0, abs=1e-6)
    assert eyes[30 - top, 36 - left] == pytest.approx(1.0, abs=1e-6)
    assert eyes[0, 0] < 0.1
    assert eyes.min() >= 0


def test_the_gradient_goes_to_the_patch_alone() -> None:
    images = noise(2, 3, 64, 64).requires_grad_()
    landmarks = torch.full((2, 5, 2), 31.5)
    (gradient,) = torch.autograd.grad(cut_patches(images, landmarks, PARTS["nose"])[0].sum(), images)
    assert (gradient[0, :, 24:40, 24:40] > 0).all()
    assert (gradient[0] > 0).sum() == 3 * 16 * 16
    assert (gradient[1] == 0).all()
