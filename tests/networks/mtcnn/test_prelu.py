from __future__ import annotations

import pytest
import torch
from torch import nn

from networks.mtcnn.prelu import PReLU


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5, 4)])
@pytest.mark.parametrize("slope", [0.25, -0.5, 1.5])
def test_values_and_gradients_equal_pytorchs(shape: tuple[int, ...], slope: float) -> None:
    torch.manual_seed(0)
    maps, pull = torch.randn(shape), torch.randn(shape)
    maps.flatten()[0] = 0.0
    results = []
    for module in (PReLU(3, slope), nn.PReLU(3, slope)):
        given = maps.clone().requires_grad_()
        value = module(given)
        (value * pull).sum().backward()
        assert given.grad is not None
        assert module.weight.grad is not None
        results.append((value.detach(), given.grad, module.weight.grad))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_only_the_requested_gradients_are_computed() -> None:
    prelu = PReLU(2).requires_grad_(False)
    maps = torch.randn(3, 2, 2, 2, requires_grad=True)
    prelu(maps).sum().backward()
    assert maps.grad is not None
    assert prelu.weight.grad is None
