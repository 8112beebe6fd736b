"""The moving average against a loop over numbers."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from networks import ema_of


class Counting(nn.Module):
    """One weight, one running statistic, one counter."""

    statistic: torch.Tensor
    counter: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))
        self.register_buffer("statistic", torch.tensor(10.0))
        self.register_buffer("counter", torch.tensor(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.weight

    @torch.no_grad()
    def step(self, value: float) -> None:
        self.weight.fill_(value)
        self.statistic.fill_(10 * value)
        self.counter += 1


VALUES = [2.0, -1.0, 0.5, 3.0, 7.0, 4.0]


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.999])
def test_equals_a_loop(decay: float) -> None:
    module = Counting()
    average = ema_of(module, decay)
    expected = 0.0
    for n, value in enumerate(VALUES):
        module.step(value)
        average.update_parameters(module)
        kept = min(decay, (1 + n) / (10 + n)) if n else 0.0
        expected = kept * expected + (1 - kept) * value
        state = average.state_dict()
        assert state["module.weight"].item() == pytest.approx(expected, rel=1e-5)
        assert state["module.statistic"].item() == pytest.approx(10 * expected, rel=1e-5)
        assert state["module.counter"].item() == n + 1
    assert average(torch.tensor(2.0)).item() == pytest.approx(2 * expected, rel=1e-5)
    assert module.weight.item() == VALUES[-1]


def test_the_copy_is_frozen_and_the_network_is_not() -> None:
    module = Counting()
    average = ema_of(module)
    assert not any(p.requires_grad for p in average.parameters())
    assert all(p.requires_grad for p in module.parameters())


def test_continues_identically_from_a_state_dict() -> None:
    module = Counting()
    average = ema_of(module, 0.9)
    for value in VALUES[:3]:
        module.step(value)
        average.update_parameters(module)
    resumed = ema_of(Counting(), 0.9)
    resumed.load_state_dict(copy.deepcopy(average.state_dict()))
    for value in VALUES[3:]:
        module.step(value)
        average.update_parameters(module)
        resumed.update_parameters(module)
    for name, value_of in average.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value_of), name


def test_can_be_pickled_for_spawned_processes() -> None:
    assert isinstance(pickle.loads(pickle.dumps(ema_of(Counting()))), nn.Module)


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_refuses_other_decays(decay: float) -> None:
    with pytest.raises(ValueError, match=f"got {decay}"):
        ema_of(Counting(), decay)
