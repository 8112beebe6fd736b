"""The U-Net generator."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.generators.base import Generator
from networks.generators.blocks import ConvNorm, LabelInjection, UpConvNorm, Upsampling


class UNetGenerator(Generator):
    """The generator of pix2pix: 4x4 convolutions with stride 2 and concatenating skips (paper 4.3, 4.4).

    The bottleneck is not normalised, so that the minimum input of ``divisor`` pixels, with a 1x1 bottleneck, works.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels after the first downsampling layer; they double up to 8 ngf.
        n_downsamplings: Number of downsampling layers.
        upsampling: Upsampling method.
        num_labels: Number of label classes, which enter every convolution; 0 for none.
        label_injection: How the label enters.

    Raises:
        ValueError: If ``n_downsamplings`` is below 2.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        ngf: int = 64,
        n_downsamplings: int = 5,
        upsampling: Upsampling = "transposed",
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        super().__init__()
        if n_downsamplings < 2:
            raise ValueError(f"n_downsamplings must be at least 2, got {n_downsamplings}")
        self.divisor = self.smallest_side = 2**n_downsamplings
        widths = [ngf * min(2**i, 8) for i in range(n_downsamplings)]
        self.num_labels = num_labels
        down = partial(
            ConvNorm,
            kernel_size=4,
            stride=2,
            padding="zeros",
            num_labels=num_labels,
            label_injection=label_injection,
        )
        up = partial(
            UpConvNorm, upsampling=upsampling, kernel_size=4, num_labels=num_labels, label_injection=label_injection
        )
        self.stem = down(in_channels, ngf, norm=False)
        self.downs = nn.ModuleList(down(above, below) for above, below in pairwise(widths[:-1]))
        self.bottleneck = down(widths[-2], widths[-1], norm=False)
        self.up_bottleneck = up(widths[-1], widths[-2])
        self.ups = nn.ModuleList(up(2 * below, above) for below, above in pairwise(widths[-2::-1]))
        self.out = up(2 * ngf, out_channels, norm=False)

    def translate(self, image: Tensor, labels: Tensor | None) -> Tensor:
        """Maps (B, in_channels, H, W) and labels (B, num_labels) to (B, out_channels, H, W) before the tanh."""
        skips = [self.stem(image, labels)]
        for down in self.downs:
            skips.append(self.segment(partial(_after_leaky_relu, down), skips[-1], labels))
        x = self.segment(partial(_after_leaky_relu, self.bottleneck), skips[-1], labels)
        for up in (self.up_bottleneck, *self.ups):
            x = torch.cat([self.segment(partial(_after_relu, up), x, labels), skips.pop()], dim=1)
        output: Tensor = self.out(F.relu(x), labels)
        return output


def _after_leaky_relu(layer: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    output: Tensor = layer(F.leaky_relu(x, 0.2), labels)
    return output


def _after_relu(layer: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    output: Tensor = layer(F.relu(x), labels)
    return output
