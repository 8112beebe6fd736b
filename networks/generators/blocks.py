"""Building blocks of the generators.

All convolutions of a generator use ``ConvNorm`` and ``UpConvNorm``, which also take the labels. How a label is injected
determines whether it has any effect: see ``LabelInjection``.
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
"""How the label enters a convolution.

- "concat" is the paper's (4.5): label planes are concatenated to the input. A constant plane adds a constant to each
  output channel, which instance norm removes, so most of these weights have no effect.
- "after_norm" has the same weights, but adds their contribution after the norm, so that all of them have an effect.
- "modulation" scales and shifts the normalised output by the label (conditional instance normalisation, Dumoulin et al.
  2017, "A Learned Representation for Artistic Style").
"""


class ConvNorm(nn.Module):
    """Convolution with bias, then instance normalisation without affine parameters.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Kernel size in pixels; the padding is (kernel_size - 1) // 2.
        stride: 1 keeps the size, 2 halves even sizes.
        padding: Padding mode.
        norm: Whether to normalise the output.
        num_labels: Number of label classes; 0 for none.
        label_injection: How the label enters.
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
    """2x upsampling, then instance normalisation without affine parameters.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        upsampling: "transposed" is a transposed convolution with stride 2; "resize" is nearest-neighbour resizing
            and a 3x3 convolution with reflection padding, which avoids checkerboard artefacts.
        kernel_size: Size of the transposed kernel in pixels, 3 or 4.
        norm: Whether to normalise the output.
        num_labels: Number of label classes; 0 for none.
        label_injection: How the label enters.

    Raises:
        ValueError: If ``upsampling`` is unknown.
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
    """Densely connected 3x3 convolutions, then a 1x1 transition back to the number of input channels.

    Args:
        channels: Channels of input and output.
        growth: Channels added by each convolution.
        n_layers: Number of 3x3 convolutions.
        num_labels: Number of label classes; 0 for none.
        label_injection: How the label enters each convolution.
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
    """Number of additional input channels for labels."""
    if injection not in get_args(LabelInjection):
        raise ValueError(
            f"unknown label injection {injection!r}, expected one of {', '.join(get_args(LabelInjection))}"
        )
    return 0 if injection == "modulation" else num_labels


def _modulation(num_labels: int, channels: int, injection: LabelInjection) -> nn.Linear | None:
    """Linear layer from a label to scale and shift per channel, with small initial weights."""
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
    """Convolves and normalises x, with the labels injected according to the layer's mode."""
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
    # With reflection padding, a label plane adds a constant to each channel, which can be skipped before a norm.
    if after_norm or isinstance(norm, nn.Identity):
        output = output + effect[:, :, None, None]
    return cast(Tensor, output)
