"""The detector's stages as a runtime computes them fastest: pools before activations, grey values straight in.

A pool over PReLU of a convolution looks at four times as many values as leave it. Where the slope a is 0 or more, PReLU
rises and can change places with the pool. Where a is below 0 it is max(x, ax): the convolution gives ax, too,
and the larger of the two pooled values is the answer. All is equal but for rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from networks.mtcnn.prelu import PReLU

GREY, SCALE = 127.5, 128.0
"""The nets' input is (value - GREY) / SCALE of values from 0 to 255."""


class PooledConvolution(nn.Module):
    """Convolution, pool, and PReLU of what is left. Channels with a slope below 0 come last.

    Args:
        convolution: Without padding.
        prelu: With one slope for each channel.
        pool: Of maxima.

    Attributes:
        order: (C,) int64, the place of each output channel in the given convolution.
    """

    def __init__(self, convolution: nn.Conv2d, prelu: nn.PReLU, pool: nn.MaxPool2d) -> None:
        super().__init__()
        slopes = prelu.weight.detach()
        is_falling = slopes < 0
        self.order = torch.cat([(~is_falling).nonzero(), is_falling.nonzero()]).flatten()
        self.rising = int((~is_falling).sum())
        weight, bias = _weights(convolution)
        factors = slopes[is_falling]
        weight = torch.cat([weight[self.order], factors[:, None, None, None] * weight[is_falling]])
        self.convolution = _convolution(weight, torch.cat([bias[self.order], factors * bias[is_falling]]))
        self.pool = pool
        self.prelu = nn.PReLU(max(1, self.rising))
        self.prelu.weight.data[: self.rising] = slopes[~is_falling]

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) maps, their channels in ``order``."""
        pooled: Tensor = self.pool(self.convolution(maps))
        count = len(self.order)
        falling = torch.maximum(pooled[:, self.rising : count], pooled[:, count:])
        if self.rising == 0:
            return falling
        rising: Tensor = self.prelu(pooled[:, : self.rising])
        return rising if self.rising == count else torch.cat([rising, falling], dim=1)


def with_early_pools(features: nn.Sequential) -> nn.Sequential:
    """The layers of a stage, taking RGB from 0 to 255; they share nothing with the given ones.

    Args:
        features: As in ``networks.mtcnn.nets.Stage``; its first layer is a convolution.
    """
    layers = [_copied(layer) for layer in features]
    first = layers[0]
    assert isinstance(first, nn.Conv2d)
    weight, bias = _weights(first)
    layers[0] = _convolution(weight / SCALE, bias - weight.sum(dim=(1, 2, 3)) * (GREY / SCALE))
    found: list[nn.Module] = []
    order: Tensor | None = None
    while layers:
        layer = layers.pop(0)
        if isinstance(layer, nn.Conv2d) and order is not None:
            weight, bias = _weights(layer)
            layer, order = _convolution(weight[:, order], bias), None
        match layer, layers:
            case nn.Conv2d(), [nn.PReLU() as prelu, nn.MaxPool2d() as pool, *layers]:
                layer = PooledConvolution(layer, prelu, pool)
                order = layer.order
        found.append(layer)
    return nn.Sequential(*found)


def _copied(layer: nn.Module) -> nn.Module:
    """A layer that exporters know: this project's PReLU is PyTorch's own but for the gradient."""
    if not isinstance(layer, PReLU):
        return layer
    plain = nn.PReLU(layer.num_parameters)
    plain.weight.data.copy_(layer.weight.data)
    return plain


def _weights(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    assert convolution.bias is not None
    return convolution.weight.detach(), convolution.bias.detach()


def _convolution(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    rows, columns = weight.shape[2:]
    convolution = nn.Conv2d(weight.shape[1], weight.shape[0], (rows, columns))
    convolution.weight.data.copy_(weight)
    assert convolution.bias is not None
    convolution.bias.data.copy_(bias)
    return convolution
