"""Pyramids and crops from integral images against PyTorch's area pooling of one at a time."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from networks.mtcnn.pyramid import IntegralImages, pyramid_scales

CPU = torch.device("cpu")


def some_image(height: int, width: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=generator)


def pooled(image: Tensor, height: int, width: int) -> Tensor:
    return F.adaptive_avg_pool2d(image.permute(2, 0, 1).double(), (height, width)).float()


@pytest.mark.parametrize("size", [(31, 19), (62, 80), (7, 5), (1, 1)])
def test_levels_are_area_means(size: tuple[int, int]) -> None:
    images = [some_image(9, 9), some_image(31, 40, 1), some_image(31, 40, 2), some_image(5, 3)]
    levels = IntegralImages.of(images, CPU).level(range(1, 3), *size)
    torch.testing.assert_close(levels, torch.stack([pooled(image, *size) for image in images[1:3]]))


def test_a_range_of_rows_equals_those_of_the_level() -> None:
    sums = IntegralImages.of([some_image(31, 40)], CPU)
    assert torch.equal(sums.level(range(1), 17, 23, range(5, 11)), sums.level(range(1), 17, 23)[:, :, 5:11])


def test_crops_are_area_means_whatever_their_size() -> None:
    images = [some_image(70, 50, 1), some_image(40, 90, 2)]
    which = torch.tensor([0, 1, 1, 0, 1])
    windows = torch.tensor(
        [[3, 5, 44, 50], [0, 0, 90, 40], [89, 39, 90, 40], [10, 60, 13, 70], [7, 1, 31, 25]], dtype=torch.int32
    )
    crops = IntegralImages.of(images, CPU).crop(which, windows, 24)
    for crop, number, (x1, y1, x2, y2) in zip(crops, which.tolist(), windows.tolist(), strict=True):
        torch.testing.assert_close(crop, pooled(images[number][y1:y2, x1:x2], 24, 24))


def test_the_border_is_replicated_beyond_the_image() -> None:
    image = some_image(20, 26)
    windows = torch.tensor([[-6, -3, 10, 13], [15, 9, 31, 25], [-40, 4, -24, 20]], dtype=torch.int32)
    crops = IntegralImages.of([image], CPU).crop(torch.zeros(3, dtype=torch.int64), windows, 16)
    padded = F.pad(image.permute(2, 0, 1)[None].double(), (50, 50, 50, 50), mode="replicate")[0]
    for crop, (x1, y1, x2, y2) in zip(crops, (windows + 50).tolist(), strict=True):
        torch.testing.assert_close(crop, padded[:, y1:y2, x1:x2].float())


def test_sums_may_wrap_around() -> None:
    sums = IntegralImages.of([some_image(60, 60)], CPU)
    wrapped = IntegralImages(sums.sums + (2**31 - 1000), sums.sizes, sums.geometry)
    assert wrapped.sums.min() < 0 < wrapped.sums.max()
    window = torch.tensor([[5, 5, 60, 60]], dtype=torch.int32)
    which = torch.zeros(1, dtype=torch.int64)
    assert torch.equal(wrapped.crop(which, window, 24), sums.crop(which, window, 24))
    assert torch.equal(wrapped.level(range(1), 30, 30), sums.level(range(1), 30, 30))


def test_scales_end_where_the_window_no_longer_fits() -> None:
    assert pyramid_scales(100, 200, min_face=20, factor=0.5) == [0.6, 0.3, 0.15]
    assert pyramid_scales(20, 300, min_face=20, factor=0.5) == [0.6]
    assert pyramid_scales(19, 300, min_face=20, factor=0.5) == []
    assert pyramid_scales(12, 12, min_face=10, factor=0.709) == [1.2]


@pytest.mark.parametrize("height", [1, 15, 16, 17, 50])
def test_sums_are_those_of_all_pixels_above_and_left(height: int) -> None:
    image = some_image(height, 13)
    sums = IntegralImages.of([image], CPU).sums.view(height + 1, 14, 3)
    for row, column in ((0, 0), (0, 5), (height, 0), (1, 1), (height, 13), (height // 2, 7)):
        assert sums[row, column].tolist() == image[:row, :column].long().sum(dim=(0, 1)).tolist()
