from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from lightning_modules.metrics import PoseVariety, turn_of

FRONTAL = torch.tensor([[0.0, 0], [10, 0], [5, 6], [1, 11], [9, 11]])


def turned(turns: Tensor) -> Tensor:
    """Faces (N, 5, 2) whose nose lies beside the middle of the eyes by so many eye distances."""
    faces = FRONTAL.repeat(len(turns), 1, 1)
    faces[:, 2, 0] += 10 * turns
    return faces


@pytest.mark.parametrize("roll", [0.0, 0.4, -2.0])
def test_a_turn_does_not_depend_on_roll_place_and_size(roll: float) -> None:
    rotation = torch.tensor([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    turns = torch.tensor([0.0, 0.3, -0.2])
    moved = 2.5 * turned(turns) @ rotation + torch.tensor([100.0, 30.0])
    torch.testing.assert_close(turn_of(moved), turns, rtol=0, atol=1e-4)


def test_half_the_turn_is_half_the_variety() -> None:
    turns = torch.randn(200, generator=torch.Generator().manual_seed(0)) * 0.2
    metric = PoseVariety()
    for part in torch.split(turns, 64):
        metric.update(turned(0.5 * part + 0.1), turned(part))
    summary = metric.compute()
    assert float(summary.ratio) == pytest.approx(0.5, rel=1e-4)
    assert float(summary.correlation) == pytest.approx(1, rel=1e-4)
    assert float(summary.error) == pytest.approx(0, abs=1e-3)
    assert summary.samples == 200


def test_cartoons_that_all_look_ahead_have_none() -> None:
    turns = torch.linspace(-0.3, 0.3, 9)
    metric = PoseVariety()
    metric.update(turned(torch.zeros(9)), turned(turns))
    summary = metric.compute()
    assert float(summary.ratio) == pytest.approx(0, abs=1e-6)
    assert torch.isnan(summary.correlation) or abs(float(summary.correlation)) < 1


def test_its_error_is_that_of_repeated_draws() -> None:
    generator = torch.Generator().manual_seed(1)
    ratios, errors = [], []
    for _ in range(300):
        photos = torch.randn(60, generator=generator)
        cartoons = 0.5 * photos + 0.5 * torch.randn(60, generator=generator)
        metric = PoseVariety()
        metric.update(turned(cartoons), turned(photos))
        summary = metric.compute()
        ratios.append(summary.ratio)
        errors.append(summary.error)
    assert float(torch.stack(errors).mean()) == pytest.approx(float(torch.stack(ratios).std()), rel=0.15)
