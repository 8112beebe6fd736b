from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
import torch

from datamodules.detector.crops import Crops
from lightning_modules.mtcnn import MTCNNStage
from lightning_modules.mtcnn_onet import MTCNNONet

Plant = Callable[[int], Crops]


def test_it_learns_planted_crops(
    planted_crops: Plant, assert_stage_learns: Callable[[MTCNNStage, Crops], None]
) -> None:
    torch.manual_seed(0)
    assert_stage_learns(MTCNNONet(), planted_crops(48))


@pytest.mark.parametrize(
    ("preset", "weights"), [("paper", (0.5, 0.5, 1.0)), ("mtcnn", (1.0, 0.5, 1.0)), ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0))]
)
def test_the_weights_of_its_losses(
    preset: Literal["paper", "mtcnn"] | tuple[float, float, float],
    weights: tuple[float, float, float],
    planted_crops: Plant,
) -> None:
    module = MTCNNONet(loss_weights=preset)
    batch = planted_crops(48)
    losses = module._losses(module(batch.image), batch)
    expected = sum(weight * losses[name] for weight, name in zip(weights, ("face", "box", "landmarks"), strict=True))
    torch.testing.assert_close(losses["loss"], expected)
