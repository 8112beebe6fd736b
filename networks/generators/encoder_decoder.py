"""Common structure of the ResNet and DenseNet generators."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from networks.generators.base import Generator
from networks.generators.blocks import ConvNorm, LabelInjection, UpConvNorm, Upsampling


class EncoderDecoder(Generator):
    """7x7 stem, two downsampling layers, blocks at 1/4 resolution, two upsampling layers, 7x7 output.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels of the stem; the blocks have four times as many.
        blocks: Modules that map (B, 4 ngf, H / 4, W / 4) and labels to the same shape.
        upsampling: Upsampling method.
        num_labels: Number of label classes, passed to the blocks as a second argument; 0 for none.
        label_injection: How the label enters the convolutions, except those in the blocks.
    """

    divisor = 4
    smallest_side = 8

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        ngf: int,
        blocks: Iterable[nn.Module],
        upsampling: Upsampling,
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        super().__init__()
        self.num_labels = num_labels
        conv = partial(ConvNorm, num_labels=num_labels, label_injection=label_injection)
        up = partial(UpConvNorm, upsampling=upsampling, num_labels=num_labels, label_injection=label_injection)
        self.stem = conv(in_channels, ngf, 7)
        self.down1 = conv(ngf, 2 * ngf, 3, stride=2, padding="zeros")
        self.down2 = conv(2 * ngf, 4 * ngf, 3, stride=2, padding="zeros")
        self.blocks = nn.ModuleList(blocks)
        self.up1 = up(4 * ngf, 2 * ngf)
        self.up2 = up(2 * ngf, ngf)
        self.out = conv(ngf, out_channels, 7, norm=False)

    def translate(self, image: Tensor, labels: Tensor | None) -> Tensor:
        """Maps (B, in_channels, H, W) and labels (B, num_labels) to (B, out_channels, H, W) before the tanh."""
        output: Tensor = self.out(self.features(image, labels), labels)
        return output

    def features(self, image: Tensor, labels: Tensor | None) -> Tensor:
        """Maps (B, in_channels, H, W) and labels (B, num_labels) to the last features (B, ngf, H, W)."""
        x = image
        for layer in (self.stem, self.down1, self.down2):
            x = self.segment(partial(relu_after, layer), x, labels)
        for block in self.blocks:
            x = self.segment(block, x, labels)
        for up in (self.up1, self.up2):
            x = self.segment(partial(relu_after, up), x, labels)
        return x


def relu_after(layer: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """Output (B, C, h, w) of a layer of x and labels, after a ReLU."""
    return F.relu(layer(x, labels))
