from __future__ import annotations

import pytest
import torch
from torch import Tensor

from networks.warm_start import copy_weights


def tensors(**shapes: tuple[int, ...]) -> dict[str, Tensor]:
    return {name: torch.rand(shape) for name, shape in shapes.items()}


def test_new_labels_start_without_effect() -> None:
    trained = tensors(conv=(4, 5, 3, 3), modulation=(8, 2), bias=(4,), step=())
    own = tensors(conv=(4, 7, 3, 3), modulation=(8, 4), bias=(4,), step=())
    assert copy_weights(own, trained, new_labels=2) is None
    assert torch.equal(own["conv"][:, :5], trained["conv"])
    assert torch.equal(own["modulation"][:, :2], trained["modulation"])
    assert not own["conv"][:, 5:].any()
    assert not own["modulation"][:, 2:].any()
    assert torch.equal(own["bias"], trained["bias"])
    assert torch.equal(own["step"], trained["step"])


@pytest.mark.parametrize(
    ("own", "odd"),
    [
        ({"conv": (4, 6, 3, 3), "bias": (4,)}, "conv"),
        ({"conv": (8, 5, 3, 3), "bias": (4,)}, "conv"),
        ({"conv": (4, 7, 3, 3), "bias": (6,)}, "bias"),
        ({"conv": (4, 5, 3, 3)}, "bias"),
        ({"conv": (4, 5, 3, 3), "bias": (4,), "extra": (1,)}, "extra"),
    ],
    ids=["other growth", "wider", "longer bias", "missing", "surplus"],
)
def test_another_architecture_changes_nothing(own: dict[str, tuple[int, ...]], odd: str) -> None:
    network = tensors(**own)
    before = {name: tensor.clone() for name, tensor in network.items()}
    assert copy_weights(network, tensors(conv=(4, 5, 3, 3), bias=(4,)), new_labels=2) == odd
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.items())
