from __future__ import annotations

import pytest
import torch
from torch import nn

from lightning_modules.frozen import FrozenNetwork


class Owner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.own = nn.Linear(2, 2)
        self.frozen = FrozenNetwork(nn.BatchNorm1d(2))


def test_it_is_frozen_and_no_state_dict_holds_it() -> None:
    owner = Owner().train()
    assert owner.training
    assert not owner.frozen.network.training
    assert not any(parameter.requires_grad for parameter in owner.frozen.network.parameters())
    assert {name for name, _ in owner.named_parameters()} == {"own.weight", "own.bias"}
    assert owner.state_dict().keys() == {"own.weight", "own.bias"}
    assert nn.Sequential(owner).state_dict().keys() == {"0.own.weight", "0.own.bias"}


def test_it_is_not_missed_and_all_else_is() -> None:
    state = Owner().state_dict()
    Owner().load_state_dict(state)
    del state["own.bias"]
    with pytest.raises(RuntimeError, match=r"own\.bias"):
        Owner().load_state_dict(state)


def test_loading_leaves_it_as_it_is() -> None:
    owner = Owner()
    owner.frozen.network.weight.data.fill_(3)
    owner.load_state_dict(Owner().state_dict())
    assert torch.equal(owner.frozen.network.weight, torch.full((2,), 3.0))


def test_it_follows_its_owner_and_lets_gradients_through() -> None:
    owner = Owner().double()
    assert owner.frozen.network.running_mean.dtype == torch.float64  # type: ignore[union-attr]
    images = torch.rand(3, 2, dtype=torch.float64, requires_grad=True)
    owner.frozen(images).square().sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
