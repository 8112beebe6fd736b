"""The convolutions every generator is made of.

All convolutions of a generator go through `ConvNorm` and `UpConvNorm`, which also take the labels. Where a label enters
decides whether it has any effect: see `LabelInjection`.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.labels import append_labels

Padding = Literal["reflect", "zeros"]
Upsampling = Literal["transposed", "resize"]
LabelInjection = Literal["concat", "after_norm", "modulation"]
"""How a convolution is told its label.

- "concat" is the paper's (4.5): the label's planes are concatenated to the input. A constant plane adds a constant to
  each output channel, which an instance norm removes, so most of these weights have no effect.
- "after_norm" has the same weights, and adds what they contribute after the norm: each of them acts.
- "modulation" scales and shifts the normalised output by the label (conditional instance normalisation, Dumoulin et al.
  2017, "A Learned Representation for Artistic Style").
"""


class ConvNorm(nn.Module):
    """Convolution with bias, then instance normalisation without affine parameters.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Side of the kernel in pixels; the padding is (kernel_size - 1) // 2.
        stride: 1 keeps the sides, 2 halves even ones.
        padding: What the border is filled with.
        norm: Whether to normalise the output.
        num_labels: Classes of the labels; 0 for none.
        label_injection: How it is told its label.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: Padding = "reflect",
        norm: bool = True,
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        super().__init__()
        in_channels += _label_channels(num_labels, label_injection)
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, (kernel_size - 1) // 2, padding_mode=padding
        )
        self.norm = nn.InstanceNorm2d(out_channels) if norm else nn.Identity()
        self.modulation = _modulation(num_labels, out_channels, label_injection)
        self._after_norm = label_injection == "after_norm"

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Maps (B, in_channels, H, W) and labels (B, num_labels) to (B, out_channels, H / stride, W / stride)."""
        return _convolve_and_norm(self.conv, self.norm, self.modulation, self._after_norm, x, labels)


class UpConvNorm(nn.Module):
    """Doubles the sides, then instance normalisation without affine parameters.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        upsampling: "transposed" is a transposed convolution of stride 2; "resize" is nearest-neighbour
            resizing and a 3x3 convolution with reflection padding, which leaves no checkerboard.
        kernel_size: Side of the transposed kernel in pixels, 3 or 4.
        norm: Whether to normalise the output.
        num_labels: Classes of the labels; 0 for none.
        label_injection: How it is told its label.

    Raises:
        ValueError: If `upsampling` is unknown.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        upsampling: Upsampling = "transposed",
        kernel_size: int = 3,
        norm: bool = True,
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        super().__init__()
        in_channels += _label_channels(num_labels, label_injection)
        if upsampling not in get_args(Upsampling):
            raise ValueError(f"unknown upsampling {upsampling!r}, expected one of {', '.join(get_args(Upsampling))}")
        self.conv: nn.Conv2d | nn.ConvTranspose2d
        if upsampling == "transposed":
            self.resize: nn.Module = nn.Identity()
            self.conv = nn.ConvTranspose2d(in_channels, out_channels, kernel_size, 2, 1, output_padding=kernel_size % 2)
        else:
            self.resize = nn.Upsample(scale_factor=2, mode="nearest")
            self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, padding_mode="reflect")
        self.norm = nn.InstanceNorm2d(out_channels) if norm else nn.Identity()
        self.modulation = _modulation(num_labels, out_channels, label_injection)
        self._after_norm = label_injection == "after_norm"

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Maps (B, in_channels, H, W) and labels (B, num_labels) to (B, out_channels, 2 H, 2 W)."""
        return _convolve_and_norm(self.conv, self.norm, self.modulation, self._after_norm, self.resize(x), labels)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions whose output is added to the input.

    The paper (4.4) says "concatenating", but its parameter count is that of the addition.
    """

    def __init__(self, channels: int, num_labels: int = 0, label_injection: LabelInjection = "concat") -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels, channels, 3, num_labels=num_labels, label_injection=label_injection)
        self.conv2 = ConvNorm(channels, channels, 3, num_labels=num_labels, label_injection=label_injection)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Maps (B, channels, H, W) and labels (B, num_labels) to the shape of x; H and W at least 2."""
        residual: Tensor = self.conv2(F.relu(self.conv1(x, labels)), labels)
        return x + residual


class DenseBlock(nn.Module):
    """3x3 convolutions that each see all earlier outputs, then a 1x1 transition back to the input's width.

    Args:
        channels: Channels of input and output.
        growth: Channels each convolution adds.
        n_layers: Number of 3x3 convolutions.
        num_labels: Classes of the labels; 0 for none.
        label_injection: How each convolution is told its label.
    """

    def __init__(
        self,
        channels: int,
        growth: int,
        n_layers: int,
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        super().__init__()
        conv = partial(ConvNorm, num_labels=num_labels, label_injection=label_injection)
        self.layers = nn.ModuleList(conv(channels + i * growth, growth, 3) for i in range(n_layers))
        self.transition = conv(channels + n_layers * growth, channels, 1)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Maps (B, channels, H, W) and labels (B, num_labels) to the shape of x; H and W at least 2."""
        for layer in self.layers:
            x = torch.cat([x, F.relu(layer(x, labels))], dim=1)
        return F.relu(self.transition(x, labels))


def _label_channels(num_labels: int, injection: LabelInjection) -> int:
    """Input channels that a convolution has for labels."""
    if injection not in get_args(LabelInjection):
        raise ValueError(
            f"unknown label injection {injection!r}, expected one of {', '.join(get_args(LabelInjection))}"
        )
    return 0 if injection == "modulation" else num_labels


def _modulation(num_labels: int, channels: int, injection: LabelInjection) -> nn.Linear | None:
    """A label's scale and shift of each channel, both small at first."""
    if not num_labels or injection != "modulation":
        return None
    linear = nn.Linear(num_labels, 2 * channels, bias=False)
    nn.init.normal_(linear.weight, 0.0, 0.1)
    return linear


def _convolve_and_norm(
    conv: nn.Conv2d | nn.ConvTranspose2d,
    norm: nn.Module,
    modulation: nn.Linear | None,
    after_norm: bool,
    x: Tensor,
    labels: Tensor | None,
) -> Tensor:
    """Convolves x, normalises, and applies the labels as the layer's injection says."""
    if labels is None:
        return cast(Tensor, norm(conv(x)))
    if modulation is not None:
        scale, shift = modulation(labels)[:, :, None, None].chunk(2, dim=1)
        return cast(Tensor, norm(conv(x)) * (1 + scale) + shift)
    if not after_norm and (isinstance(conv, nn.ConvTranspose2d) or conv.padding_mode != "reflect"):
        return cast(Tensor, norm(conv(append_labels(x, labels))))
    if isinstance(conv, nn.ConvTranspose2d):
        weight, label_weight = torch.split(conv.weight, [x.shape[1], labels.shape[1]], dim=0)
        output = norm(F.conv_transpose2d(x, weight, conv.bias, 2, 1, conv.output_padding))
        effect = labels @ label_weight.sum(dim=(2, 3))
    else:
        weight, label_weight = torch.split(conv.weight, [x.shape[1], labels.shape[1]], dim=1)
        output = norm(conv._conv_forward(x, weight, conv.bias))
        effect = labels @ label_weight.sum(dim=(2, 3)).T
    # Reflected at the border, a label's plane adds a constant to each channel: before a norm it can be left out.
    if after_norm or isinstance(norm, nn.Identity):
        output = output + effect[:, :, None, None]
    return cast(Tensor, output)
