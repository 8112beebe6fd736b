from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lightning_modules.metrics import SkinToneOrder

FACE = torch.tensor([[10.0, 12.0], [22.0, 12.0], [16.0, 19.0], [11.0, 25.0], [21.0, 25.0]])


def of_brightness(values: list[float]) -> Tensor:
    """Images whose cheeks have these values, between hair and chin that vary at random."""
    images = torch.rand(len(values), 3, 32, 32) * 2 - 1
    images[:, :, 12:24] = torch.tensor(values)[:, None, None, None]
    return images


@pytest.mark.parametrize(
    ("cartoons", "expected"),
    [([-0.9, 0.0, 0.1, 0.95], 1.0), ([0.9, 0.5, 0.0, -0.5], -1.0), ([0.0, -0.1, 0.2, 0.1], 0.6)],
)
def test_only_the_order_of_the_cheeks_counts(cartoons: list[float], expected: float) -> None:
    torch.manual_seed(0)
    order = SkinToneOrder()
    photos, landmarks = of_brightness([-0.5, -0.4, 0.3, 0.5]), FACE.expand(4, 5, 2)
    order.update(of_brightness(cartoons)[:2], photos[:2], landmarks[:2])
    order.update(of_brightness(cartoons)[2:], photos[2:], landmarks[2:])
    found = order.compute()
    assert found.samples == 4
    assert found.order.item() == pytest.approx(expected, abs=1e-4)


def test_faces_without_cheeks_are_left_out() -> None:
    order = SkinToneOrder()
    landmarks = torch.stack([FACE, torch.full((5, 2), torch.nan), FACE])
    order.update(of_brightness([0.1, 0.9, 0.5]), of_brightness([0.2, -0.9, 0.4]), landmarks)
    found = order.compute()
    assert found.samples == 2
    assert found.order.item() == pytest.approx(1.0, abs=1e-4)


def test_one_face_has_no_order() -> None:
    found = SkinToneOrder().compute()
    assert found.samples == 0
    assert found.order.isnan()
