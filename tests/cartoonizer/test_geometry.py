from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from cartoonizer.arrays import apply
from cartoonizer.geometry import cut_out, fit_similarity, in_eighths, inverse, reduced_to, scaled, turn
from datamodules.datasets.celeba import CelebA
from datamodules.transforms.framing import Framing
from lightning_modules.landmark_detector import MEAN_PHOTO
from networks.landmarks import fit_similarity as fit_in_training


def test_a_fit_is_that_of_training() -> None:
    random = np.random.default_rng(0)
    source, target = (random.uniform(0, 200, (5, 2)).astype(np.float32) for _ in range(2))
    expected = fit_in_training(torch.from_numpy(source)[None], torch.from_numpy(target)[None])[0]
    np.testing.assert_allclose(fit_similarity(source, target), expected.numpy(), atol=1e-3)


def test_the_frame_is_the_one_of_training(sample_root: Path) -> None:
    """A photo that lies as CelebA's do is framed as the DataModule frames it, within what the landmarks differ by."""
    target = MEAN_PHOTO.numpy() * np.float32(178) - np.float32(0.5)
    faces = CelebA(sample_root / "celeba", "train")
    matrices = [fit_similarity(faces[index].landmarks, target) for index in range(len(faces))]
    mean = np.mean(matrices, axis=0)
    np.testing.assert_allclose(mean[:, :2], np.eye(2), atol=0.08)
    framed = Framing(178)(faces[0])
    shift = mean @ np.array([89, 109, 1.0]) - np.array([89, 109 - 20.0])
    assert framed.image.shape == (178, 178, 3)
    assert np.linalg.norm(shift) < 6


def test_beyond_the_photo_it_is_white_and_not_inside() -> None:
    photo = np.zeros((40, 40, 3), dtype=np.uint8)
    matrix = np.array([[1.0, 0, 12.0], [0, 1.0, 12.0]])
    frame, inside = cut_out(photo, matrix, 64)
    assert (frame[:10] == 255).all()
    assert (inside[:10] == 0).all()
    assert (frame[14:50, 14:50] == 0).all()
    assert (inside[14:50, 14:50] == 255).all()


def test_a_large_photo_is_reduced_without_aliasing() -> None:
    stripes = np.zeros((800, 800, 3), dtype=np.uint8)
    stripes[::2] = 255
    frame, _ = cut_out(stripes, np.array([[0.16, 0, 0], [0, 0.16, 0]]), 128)
    assert np.abs(frame[8:-8, 8:-8].astype(float) - 127.5).max() < 12
    spot = np.zeros((800, 800, 3), dtype=np.uint8)
    cv2.circle(spot, (400, 240), 40, (255, 255, 255), -1)
    frame, _ = cut_out(spot, np.array([[0.16, 0, 0], [0, 0.16, 0]]), 128)
    rows, columns = np.mgrid[0:128, 0:128]
    near = np.where(np.hypot(columns - 64, rows - 38) < 20, frame[..., 0], 0) / 255
    middle = [(columns * near).sum() / near.sum(), (rows * near).sum() / near.sum()]
    np.testing.assert_allclose(middle, [0.16 * 400, 0.16 * 240], atol=0.05)


@pytest.mark.parametrize("degrees", [45, -90, 180])
def test_a_turned_image_is_seen_whole(degrees: float) -> None:
    matrix, (width, height) = turn((40, 70), degrees)
    corners = apply(matrix, np.array([[0, 0], [69, 0], [69, 39], [0, 39]], dtype=np.float64))
    assert corners.min() > -1
    assert (corners.max(axis=0) < (width, height)).all()
    np.testing.assert_allclose(apply(inverse(matrix), corners)[2], [69, 39], atol=1e-6)


def test_a_scaled_map_keeps_corners_where_they_are() -> None:
    corner = np.array([[-0.5, -0.5]])
    np.testing.assert_allclose(apply(scaled(np.eye(2, 3), 2.0), corner), corner)


def test_only_large_photos_are_reduced() -> None:
    small, scale = reduced_to(np.zeros((100, 300, 3), dtype=np.uint8), 150)
    assert small.shape == (50, 150, 3)
    np.testing.assert_allclose(scale, [2, 2])
    assert reduced_to(small, 150)[0] is small


def test_rough_points_do_not_hang_on_the_last_digits() -> None:
    points = np.array([[10.03, 20.21]], dtype=np.float32)
    np.testing.assert_array_equal(in_eighths(points), in_eighths(points + np.float32(1e-5)))
    assert np.abs(in_eighths(points) - points).max() <= 1 / 16
