"""The detector's stages as onnxruntime computes them fastest, equal but for rounding.

- Pools come before activations, and so work on less. Where the slope a is 0 or more, PReLU rises and can change places
  with the pool. Where a is below 0 it is max(x, ax): the convolution gives ax, too, and the larger of the two pooled
  values is the answer.
- PReLU is written as relu((1 - a)x) + ax: onnxruntime keeps its blocked layout of channels for products and sums, but
  leaves it for PReLU. That is convex; where a is above 1, PReLU is not, and the negative of the value is computed.
- Convolutions before pools have a multiple of 16 channels, without which the pool leaves the blocked layout, too.
- Normalisation, negatives and the order of channels are part of the weights of the next layer.
- The heads are one layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.mtcnn.nets import LANDMARKS, FlattenByColumns, Stage

GREY, SCALE = 127.5, 128.0
"""The nets' input is (value - GREY) / SCALE of values from 0 to 255."""

_BLOCK = 16
"""Channels of a block; onnxruntime has blocks of 8 or 16, by the processor."""

_BOX_END = 5
"""Outputs of the joined heads: the logit, four box offsets, and landmarks."""


@dataclass(frozen=True)
class Channels:
    """How the channels of a layer are those of the original one.

    Attributes:
        order: (C,) int64, the original channel of each.
        signs: (C,) 1 or -1, the factor that gives the original value.
    """

    order: Tensor
    signs: Tensor

    def adapt(self, weight: Tensor) -> Tensor:
        """Weights (K, C, ...) of the next layer, for these channels instead of the original ones."""
        return weight[:, self.order] * self.signs.view(1, -1, *[1] * (weight.ndim - 2))


class SplitPReLU(nn.Module):
    """PReLU as the sum of two lines, one of them cut off at 0. Channels with a slope above 1 come out negated.

    Args:
        slopes: (C,).
        axes: Axes after that of the channels.

    Attributes:
        signs: (C,) the factor that gives PReLU's value.
    """

    def __init__(self, slopes: Tensor, axes: int) -> None:
        super().__init__()
        is_steep, shape = slopes > 1, (-1, *[1] * axes)
        self.signs = torch.where(is_steep, -1.0, 1.0)
        self.register_buffer("bend", (1 - slopes).view(shape))
        self.register_buffer("line", torch.where(is_steep, -1.0, slopes).view(shape))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, C, ...) of the same shape."""
        return F.relu(maps * self.get_buffer("bend")) + maps * self.get_buffer("line")


class PooledConvolution(nn.Module):
    """Convolution, pool, and PReLU of what is left. Channels with a slope below 0 come last.

    Args:
        weight: (C, ...) of the convolution, which has no padding.
        bias: (C,).
        slopes: (C,) of PReLU.
        pool: Of maxima.

    Attributes:
        channels: What its output channels are.
    """

    def __init__(self, weight: Tensor, bias: Tensor, slopes: Tensor, pool: nn.MaxPool2d) -> None:
        super().__init__()
        is_falling = slopes < 0
        order = torch.cat([(~is_falling).nonzero(), is_falling.nonzero()]).flatten()
        self.rising, self.count = int((~is_falling).sum()), len(slopes)
        factors = slopes[is_falling]
        weight = torch.cat([weight[order], factors[:, None, None, None] * weight[is_falling]])
        bias = torch.cat([bias[order], factors * bias[is_falling]])
        self.total = len(weight)
        missing = -self.total % _BLOCK
        weight = torch.cat([weight, weight.new_zeros(missing, *weight.shape[1:])])
        self.convolution = _convolution(weight, F.pad(bias, (0, missing)))
        self.pool = pool
        self.prelu = SplitPReLU(slopes[~is_falling], 2)
        self.channels = Channels(order, torch.cat([self.prelu.signs, torch.ones(len(factors))]))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, C, H, W) with ``channels``."""
        pooled: Tensor = self.pool(self.convolution(maps))
        rising: Tensor = self.prelu(pooled[:, : self.rising])
        if self.rising == self.count:
            return rising
        falling = torch.maximum(pooled[:, self.rising : self.count], pooled[:, self.count : self.total])
        return torch.cat([rising, falling], dim=1) if self.rising else falling


class RuntimeStage(nn.Module):
    """A stage of the detector, from pixels to logits; it shares nothing with the given one.

    Args:
        stage: The stage.
        has_landmarks: Whether to output landmarks.
    """

    def __init__(self, stage: Stage, has_landmarks: bool) -> None:
        super().__init__()
        self.has_landmarks = has_landmarks
        first, *others = stage.features
        weight, bias = _weights(first)
        layers: list[nn.Module] = [
            _convolution(weight / SCALE, bias - weight.sum(dim=(1, 2, 3)) * (GREY / SCALE)),
            *others,
            _joined_heads(stage, has_landmarks),
        ]
        found: list[nn.Module] = []
        channels = Channels(torch.arange(3), torch.ones(3))
        while layers:
            match layers:
                case [nn.Conv2d() | nn.Linear() as layer, nn.PReLU() as prelu, nn.MaxPool2d() as pool, *layers]:
                    weight, bias = _weights(layer)
                    pooled = PooledConvolution(channels.adapt(weight), bias, prelu.weight.detach(), pool)
                    found.append(pooled)
                    channels = pooled.channels
                case [nn.Conv2d() | nn.Linear() as layer, nn.PReLU() as prelu, *layers]:
                    weight, bias = _weights(layer)
                    split = SplitPReLU(prelu.weight.detach(), weight.ndim - 2)
                    found += [_layer(channels.adapt(weight), bias), split]
                    channels = Channels(torch.arange(len(weight)), split.signs)
                case [FlattenByColumns(), nn.Linear() as layer, *others]:
                    layers = [_by_channels(layer, len(channels.order)), *others]
                    area = layer.in_features // len(channels.order)
                    found.append(nn.Flatten())
                    flat = (channels.order[:, None] * area + torch.arange(area)).flatten()
                    channels = Channels(flat, channels.signs.repeat_interleave(area))
                case [layer, *layers]:
                    weight, bias = _weights(layer)
                    found.append(_layer(channels.adapt(weight), bias))
        self.layers = nn.Sequential(*found)

    def forward(self, windows: Tensor) -> tuple[Tensor, ...]:
        """Logits (B,) of a face, box offsets (B, 4) and landmarks (B, 5, 2) of windows (B, 3, S, S) from 0 to 255."""
        seen = self.layers(windows)
        said = (seen[:, 0], seen[:, 1:_BOX_END])
        return (*said, seen[:, _BOX_END:].unflatten(1, (LANDMARKS, 2))) if self.has_landmarks else said


def _joined_heads(stage: Stage, has_landmarks: bool) -> nn.Module:
    """One layer for the logit of a face, the box offsets, and the landmarks if asked for."""
    face, face_bias = _weights(stage.face)
    others = [_weights(head) for head in ([stage.box, stage.landmarks] if has_landmarks else [stage.box])]
    weights = [face[1:] - face[:1], *(weight for weight, _ in others)]
    biases = [face_bias[1:] - face_bias[:1], *(bias for _, bias in others)]
    return _layer(torch.cat(weights), torch.cat(biases))


def _by_channels(layer: nn.Linear, channels: int) -> nn.Module:
    """The layer for square maps that are flattened by channels, rows and columns, rather than columns first."""
    weight, bias = _weights(layer)
    side = isqrt(layer.in_features // channels)
    return _layer(weight.view(-1, side, side, channels).permute(0, 3, 2, 1).flatten(1), bias)


def _weights(layer: nn.Module) -> tuple[Tensor, Tensor]:
    assert isinstance(layer, nn.Conv2d | nn.Linear), f"no layer of a stage: {layer}"
    assert layer.bias is not None
    return layer.weight.detach(), layer.bias.detach()


def _layer(weight: Tensor, bias: Tensor) -> nn.Module:
    if weight.ndim == 4:
        return _convolution(weight, bias)
    layer = nn.Linear(weight.shape[1], len(weight))
    layer.weight.data.copy_(weight)
    layer.bias.data.copy_(bias)
    return layer


def _convolution(weight: Tensor, bias: Tensor) -> nn.Conv2d:
    rows, columns = weight.shape[2:]
    convolution = nn.Conv2d(weight.shape[1], len(weight), (rows, columns))
    convolution.weight.data.copy_(weight)
    assert convolution.bias is not None
    convolution.bias.data.copy_(bias)
    return convolution
