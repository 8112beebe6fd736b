"""Heatmaps against the formula, pixel by pixel."""

from __future__ import annotations

import math

import pytest
import torch

from networks.landmarks import landmark_heatmaps
from networks.landmarks.heatmaps import HEATMAP_SIGMA


@pytest.mark.parametrize(("height", "width"), [(12, 20), (20, 12)])
def test_each_pixel_is_the_gaussian_of_its_distance(height: int, width: int) -> None:
    landmarks = torch.tensor([[[3.0, 5.0], [7.25, 2.5]], [[-2.0, 4.0], [11.0, 11.0]]])
    heatmaps = landmark_heatmaps(landmarks, height, width, sigma=0.1)
    assert heatmaps.shape == (2, 2, height, width)
    for image in range(2):
        for point in range(2):
            x, y = landmarks[image, point].tolist()
            for row in range(height):
                for column in range(width):
                    squared = ((column - x) ** 2 + (row - y) ** 2) / (0.1 * 20) ** 2
                    assert heatmaps[image, point, row, column].item() == pytest.approx(math.exp(-squared / 2), abs=1e-6)


def test_the_peak_is_one_at_the_landmark() -> None:
    (heatmap,) = landmark_heatmaps(torch.tensor([[[9.0, 4.0]]]), 16, 16)[0]
    assert heatmap.argmax() == 4 * 16 + 9
    assert heatmap.max() == 1


def test_a_larger_image_has_the_same_heatmaps_but_finer() -> None:
    small = landmark_heatmaps(torch.tensor([[[3.5, 9.5]]]), 16, 16)
    large = landmark_heatmaps(torch.tensor([[[7.5, 19.5]]]), 32, 32)  # pixel middles: 2 x + 0.5
    half = torch.nn.functional.interpolate(large, scale_factor=0.5, mode="bilinear", align_corners=False)
    torch.testing.assert_close(half, small, atol=0.12, rtol=0)
    assert 0.01 < HEATMAP_SIGMA < 0.1


def test_an_unknown_landmark_has_an_empty_heatmap_and_no_gradient_of_nan() -> None:
    landmarks = torch.tensor([[[3.0, 4.0], [math.nan, 2.0], [math.nan, math.nan]]], requires_grad=True)
    heatmaps = landmark_heatmaps(landmarks, 8, 8)
    assert heatmaps[0, 0].max() == 1
    assert (heatmaps[0, 1:] == 0).all()
    (gradient,) = torch.autograd.grad(heatmaps.square().sum(), landmarks)
    assert gradient.isfinite().all()


def test_autocast_rounds_nothing() -> None:
    landmarks = torch.tensor([[[200.3, 100.7]]])
    with torch.autocast("cpu", torch.bfloat16):
        rounded = landmark_heatmaps(landmarks, 256, 256)
    assert torch.equal(rounded, landmark_heatmaps(landmarks, 256, 256))
