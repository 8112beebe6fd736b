from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from cartoonizer.integral import IntegralImage
from networks.mtcnn.pyramid import IntegralImages


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)


def test_area_averages_are_those_of_training(noise: NDArray[np.uint8]) -> None:
    sums, expected = IntegralImage(noise), IntegralImages.of([torch.from_numpy(noise)], torch.device("cpu"))
    for size in ((61, 83), (20, 31), (122, 90)):
        np.testing.assert_array_equal(sums.level(*size), expected.level(range(1), *size).numpy())
    windows = np.array([[-9, -3, 20, 26], [70, 50, 99, 79], [10, 10, 13, 13]], dtype=np.float32)
    crops = expected.crop(torch.zeros(3, dtype=torch.int64), torch.from_numpy(windows).int(), 24)
    np.testing.assert_array_equal(sums.crops(windows, 24), crops.numpy())
    assert sums.contains(np.array([[0, 0, 2, 2], [90, 0, 99, 9], [-9, 5, 0, 14]], np.float32)).tolist() == [1, 0, 0]
