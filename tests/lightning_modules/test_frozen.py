from __future__ import annotations

import pytest
import torch
from torch import nn

from lightning_modules.frozen import keep_out_of_checkpoints


class Owner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.own = nn.Linear(2, 2)
        self.frozen = nn.BatchNorm1d(2)
        keep_out_of_checkpoints(self, "frozen")


def test_it_is_frozen_and_no_state_dict_holds_it() -> None:
    owner = Owner()
    assert not owner.frozen.training
    assert not any(parameter.requires_grad for parameter in owner.frozen.parameters())
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
    owner.frozen.weight.data.fill_(3)
    owner.load_state_dict(Owner().state_dict())
    assert torch.equal(owner.frozen.weight, torch.full((2,), 3.0))
