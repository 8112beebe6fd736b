"""The detector in numpy and onnxruntime beside the one in PyTorch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from cartoonizer.boxes import calibrate, suppress, whole_squares
from cartoonizer.cascade import Cascade
from cartoonizer.decode import decode
from cartoonizer.detector import detect
from cartoonizer.geometry import in_eighths
from cartoonizer.integral import IntegralImage
from cartoonizer.model_file import ModelFile
from cartoonizer.refinement import Refinement, interval_weights, square_of_landmarks
from datamodules.transforms.face_box import MEAN_FACE
from datamodules.transforms.face_box import square_of_landmarks as square_in_training
from lightning_modules.detector import load_detector
from networks.mtcnn import Cascade as TorchCascade
from networks.mtcnn import CascadeSettings, LandmarkRegressor
from networks.mtcnn import boxes as of_training
from networks.mtcnn.pyramid import IntegralImages


@pytest.fixture(scope="module")
def cascade(own_model: ModelFile) -> Cascade:
    return Cascade(own_model, own_model.manifest.detector, threads=1)


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)


def random_boxes(count: int) -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    corners, sides = random.integers(0, 60, (count, 2)), random.integers(8, 40, (count, 2))
    return np.concatenate([corners, corners + sides], axis=1).astype(np.float32)


def test_area_averages_are_those_of_training(noise: NDArray[np.uint8]) -> None:
    sums, expected = IntegralImage(noise), IntegralImages.of([torch.from_numpy(noise)], torch.device("cpu"))
    for size in ((61, 83), (20, 31), (122, 90)):
        np.testing.assert_array_equal(sums.level(*size), expected.level(range(1), *size).numpy())
    windows = np.array([[-9, -3, 20, 26], [70, 50, 99, 79], [10, 10, 13, 13]], dtype=np.float32)
    crops = expected.crop(torch.zeros(3, dtype=torch.int64), torch.from_numpy(windows).int(), 24)
    np.testing.assert_array_equal(sums.crops(windows, 24), crops.numpy())
    assert sums.contains(np.array([[0, 0, 2, 2], [90, 0, 99, 9], [-9, 5, 0, 14]], np.float32)).tolist() == [1, 0, 0]


def test_boxes_are_handled_as_in_training() -> None:
    boxes = random_boxes(60)
    offsets = np.random.default_rng(2).normal(0, 0.1, boxes.shape).astype(np.float32)
    scores = np.random.default_rng(3).uniform(size=60).astype(np.float32)
    tensors = [torch.from_numpy(array) for array in (boxes, offsets, scores)]
    moved = of_training.calibrate(tensors[0], tensors[1])
    np.testing.assert_array_equal(calibrate(boxes, offsets), moved.numpy())
    squares = of_training.to_whole_pixels(of_training.square(moved))
    np.testing.assert_array_equal(whole_squares(calibrate(boxes, offsets)), squares.numpy())
    groups = torch.zeros(60, dtype=torch.int64)
    kept = of_training.nms_by_group(tensors[0], tensors[2], groups, 0.5)
    np.testing.assert_array_equal(suppress(boxes, scores, 0.5), kept.numpy())
    kept = of_training.greedy_nms(tensors[0], tensors[2], 0.7, "smaller")
    np.testing.assert_array_equal(suppress(boxes, scores, 0.7, of_smaller=True), kept.numpy())
    assert len(suppress(np.empty((0, 4), np.float32), np.empty(0, np.float32), 0.5)) == 0


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


def test_a_large_photo_is_searched_reduced_and_answered_in_its_own_pixels(
    cascade: Cascade, own_model: ModelFile, pixels: NDArray[np.uint8]
) -> None:
    settings = own_model.manifest.detector
    (expected,) = detect(cascade, pixels, settings)
    large = np.asarray(cv2.resize(pixels, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    (found,) = detect(cascade, large, settings)
    distance = np.linalg.norm(found.landmarks - (expected.landmarks * 8 + 3.5), axis=1)
    assert distance.mean() < 0.1 * np.linalg.norm(found.landmarks[1] - found.landmarks[0])


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


def test_rough_points_do_not_hang_on_the_last_digits() -> None:
    points = np.array([[10.03, 20.21]], dtype=np.float32)
    np.testing.assert_array_equal(in_eighths(points), in_eighths(points + np.float32(1e-5)))
    assert np.abs(in_eighths(points) - points).max() <= 1 / 16
