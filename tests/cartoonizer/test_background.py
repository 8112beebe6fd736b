from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import datamodules.images as images_of_training
import datamodules.transforms.background as of_training
from cartoonizer.background import composite_on_white, head_region, on_white, tidied


def random_matte(seed: int) -> NDArray[np.uint8]:
    """Smooth blobs of all values."""
    noise = np.random.default_rng(seed).integers(0, 256, (128, 128), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6).astype(np.float64)
    return np.asarray(np.interp(smooth, [smooth.min(), smooth.max()], [0, 255]), dtype=np.uint8)


@pytest.mark.parametrize("seed", range(5))
def test_a_background_is_taken_away_as_in_training(seed: int) -> None:
    matte = random_matte(seed)
    image = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(tidied(matte), of_training.tidied(matte))
    np.testing.assert_array_equal(on_white(image, matte), of_training.on_white(image, matte))
    rgba = np.dstack([image, matte[:64, :64]])
    np.testing.assert_array_equal(composite_on_white(rgba), images_of_training.composite_on_white(rgba))


def test_a_head_keeps_its_soft_edge_and_loses_specks() -> None:
    matte = np.zeros((64, 64), dtype=np.uint8)
    cv2.circle(matte, (30, 30), 15, 255, -1)
    matte = np.asarray(cv2.GaussianBlur(matte, (0, 0), 1), dtype=np.uint8)
    edge = (matte > 0) & (matte < 60)
    matte[58:60, 58:60] = 200  # far away
    matte[30, 48:50] = 200  # near the edge
    region = head_region(matte)
    assert edge.any()
    assert region[edge & (np.arange(64) < 40)].all()
    assert not region[58:60, 58:60].any()
    assert not region[30, 49]
    assert head_region(np.zeros((64, 64), dtype=np.uint8)).all()
