"""The detector's stages, rewritten for speed in onnxruntime; outputs differ only by rounding.

- Pools come before activations, so activations have less to do. Where the slope a is at least 0, PReLU is monotonic
  and can be swapped with the pool. Where a is below 0, PReLU is max(x, ax): the convolution also computes ax, and the
  result is the larger of the two pooled values.
- PReLU is written as relu((1 - a)x) + ax: onnxruntime keeps its blocked channel layout for products and sums, but not
  for PReLU. This form is convex; where a is above 1, PReLU is not, and its negative is computed instead.
- Convolutions before pools have a multiple of 16 channels; otherwise the pool leaves the blocked layout, too.
- Normalisation, signs and channel order are folded into the weights of the next layer.
- The heads are a single layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.mtcnn.nets import LANDMARKS, FlattenByColumns, Stage

GREY, SCALE = 127.5, 128.0
"""The nets' input is (value - GREY) / SCALE, for values from 0 to 255."""

_BLOCK = 16
"""Channels per block; onnxruntime uses blocks of 8 or 16, depending on the processor."""

_BOX_END = 5
"""End of the box offsets in the outputs of the joined heads: the logit, four box offsets, landmarks."""


@dataclass(frozen=True)
class Channels:
    """Maps the channels of a layer to those of the original layer.

    Attributes:
        order: (C,) int64, original index of each channel.
        signs: (C,) 1 or -1, factor that restores the original value.
    """

    order: Tensor
    signs: Tensor

    def adapt(self, weight: Tensor) -> Tensor:
        """Adapts weights (K, C, ...) of the next layer to these channels."""
        return weight[:, self.order] * self.signs.view(1, -1, *[1] * (weight.ndim - 2))


class SplitPReLU(nn.Module):
    """PReLU as the sum of a ReLU and a line. Channels with a slope above 1 are negated.

    Args:
        slopes: (C,).
        axes: Number of axes after the channels.

    Attributes:
        signs: (C,) factor that restores PReLU's value.
    """

    def __init__(self, slopes: Tensor, axes: int) -> None:
        super().__init__()
        is_steep, shape = slopes > 1, (-1, *[1] * axes)
        self.signs = torch.where(is_steep, -1.0, 1.0)
        self.register_buffer("bend", (1 - slopes).view(shape))
        self.register_buffer("line", torch.where(is_steep, -1.0, slopes).view(shape))

    def forward(self, maps: Tensor) -> Tensor:
        """Applies it to maps (B, C, ...)."""
        return F.relu(maps * self.get_buffer("bend")) + maps * self.get_buffer("line")


class PooledConvolution(nn.Module):
    """Convolution, pool and PReLU, in this order. Channels with a slope below 0 come last.

    Args:
        weight: (C, ...) weights of the unpadded convolution.
        bias: (C,) biases of the convolution.
        slopes: (C,) slopes of PReLU.
        pool: Max pooling.

    Attributes:
        channels: Mapping of its output channels.
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
        """Maps (B, C, H, W), with channels as in ``channels``."""
        pooled: Tensor = self.pool(self.convolution(maps))
        rising: Tensor = self.prelu(pooled[:, : self.rising])
        if self.rising == self.count:
            return rising
        falling = torch.maximum(pooled[:, self.rising : self.count], pooled[:, self.count : self.total])
        return torch.cat([rising, falling], dim=1) if self.rising else falling


class RuntimeStage(nn.Module):
    """A stage of the detector, from pixels to logits; it shares no weights with the original.

    Args:
        stage: The original stage.
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
        """Face logits (B,), box offsets (B, 4) and landmarks (B, 5, 2) for windows (B, 3, S, S) from 0 to 255."""
        output = self.layers(windows)
        heads = (output[:, 0], output[:, 1:_BOX_END])
        return (*heads, output[:, _BOX_END:].unflatten(1, (LANDMARKS, 2))) if self.has_landmarks else heads


def _joined_heads(stage: Stage, has_landmarks: bool) -> nn.Module:
    """A single layer for the face logit, the box offsets and, if requested, the landmarks."""
    face, face_bias = _weights(stage.face)
    others = [_weights(head) for head in ([stage.box, stage.landmarks] if has_landmarks else [stage.box])]
    weights = [face[1:] - face[:1], *(weight for weight, _ in others)]
    biases = [face_bias[1:] - face_bias[:1], *(bias for _, bias in others)]
    return _layer(torch.cat(weights), torch.cat(biases))


def _by_channels(layer: nn.Linear, channels: int) -> nn.Module:
    """The layer for square maps that are flattened by channels, rows and columns instead of columns first."""
    weight, bias = _weights(layer)
    side = isqrt(layer.in_features // channels)
    return _layer(weight.view(-1, side, side, channels).permute(0, 3, 2, 1).flatten(1), bias)


def _weights(layer: nn.Module) -> tuple[Tensor, Tensor]:
    assert isinstance(layer, nn.Conv2d | nn.Linear), f"unsupported layer: {layer}"
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
