"""Detectors that need no training: random ones, and one set by hand that fires on bright squares."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from networks.mtcnn import MTCNN, ONet, PNet, RNet


@pytest.fixture
def random_nets() -> MTCNN:
    """PyTorch's initial weights: scores around one half, small offsets; to be used as MTCNN's code would."""
    torch.manual_seed(0)
    return MTCNN(one_based=True).eval()


@pytest.fixture
@torch.no_grad()
def square_finder() -> MTCNN:
    """PNet fires where a window's middle is bright and its corners are dark; RNet and ONet agree to everything."""
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
    # Middle minus corners is 2 at most, for white on black.
    pnet.get_parameter("face.weight")[1, 0] = 20
    pnet.get_parameter("face.bias")[1] = -28


def _agree(net: RNet | ONet) -> None:
    net.get_parameter("face.bias")[1] = 5
    net.get_parameter("landmarks.bias").copy_(torch.tensor([0.3, 0.4, 0.7, 0.4, 0.5, 0.6, 0.35, 0.8, 0.65, 0.8]))
