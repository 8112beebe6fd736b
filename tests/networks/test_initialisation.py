"""Initial weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from networks import PatchDiscriminator, ResNetGenerator, init_weights


@pytest.mark.parametrize("gain", [0.02, 0.1])
def test_convolutions_are_normal_and_biases_zero(gain: float) -> None:
    torch.manual_seed(0)
    for network in (ResNetGenerator(ngf=32, n_blocks=1), PatchDiscriminator(ndf=32)):
        assert init_weights(network, gain) is network
        for layer in network.modules():
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                weight, bias = layer.weight, layer.bias
                assert bias is not None
                assert bias.count_nonzero() == 0
                sigmas = 5 / weight.numel() ** 0.5
                assert abs(weight.mean() / gain) < sigmas
                assert abs(weight.std() / gain - 1) < sigmas
                assert weight.abs().max() > 2 * gain


def test_all_else_is_left_alone() -> None:
    layers = nn.Sequential(nn.Linear(4, 4), nn.PReLU(), nn.Conv2d(1, 1, 3, bias=False))
    linear = layers[0].get_parameter("weight").clone()
    init_weights(layers)
    torch.testing.assert_close(layers[0].get_parameter("weight"), linear, atol=0, rtol=0)
    assert layers[1].get_parameter("weight").item() == 0.25
