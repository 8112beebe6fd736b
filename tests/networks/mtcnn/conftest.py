"""Detectors without training: random nets, and nets with weights set by hand that detect bright squares."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from networks.mtcnn import MTCNN, ONet, PNet, RNet


@pytest.fixture
def random_nets() -> MTCNN:
    """PyTorch's initial weights, with scores around one half and small offsets, in the convention of MTCNN's code."""
    torch.manual_seed(0)
    return MTCNN(one_based=True).eval()


@pytest.fixture
@torch.no_grad()
def square_finder() -> MTCNN:
    """PNet accepts windows with a bright middle and dark corners; RNet and ONet accept everything."""
    nets = MTCNN().eval()
    for parameter in nets.parameters():
        parameter.zero_()
    for module in nets.modules():
        if isinstance(module, nn.PReLU):
            module.weight.fill_(1)
    _look_for_squares(nets.pnet)
    for net in (nets.rnet, nets.onet):
        _agree(net)
    return nets


def _look_for_squares(pnet: PNet) -> None:
    first, second, third = (layer for layer in pnet.features if isinstance(layer, nn.Conv2d))
    first.weight[0, :, 1, 1] = 1 / 3
    second.weight[0, 0, 1, 1] = 1
    third.weight[0, 0] = 1 / 9
    for channel, (row, column) in enumerate(((0, 0), (0, 2), (2, 0), (2, 2)), start=1):
        second.weight[channel, 0, row, column] = 1
        third.weight[0, channel, row, column] = -1 / 4
    # Middle minus corners is at most 2, for white on black.
    pnet.get_parameter("face.weight")[1, 0] = 20
    pnet.get_parameter("face.bias")[1] = -28


def _agree(net: RNet | ONet) -> None:
    net.get_parameter("face.bias")[1] = 5
    net.get_parameter("landmarks.bias").copy_(torch.tensor([0.3, 0.4, 0.7, 0.4, 0.5, 0.6, 0.35, 0.8, 0.65, 0.8]))
