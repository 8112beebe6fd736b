from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from cartoonizer.boxes import calibrate, suppress, whole_squares
from networks.mtcnn import boxes as of_training


def random_boxes(count: int) -> NDArray[np.float32]:
    random = np.random.default_rng(1)
    corners, sides = random.integers(0, 60, (count, 2)), random.integers(8, 40, (count, 2))
    return np.concatenate([corners, corners + sides], axis=1).astype(np.float32)


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
