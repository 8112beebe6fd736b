"""The encoder and decoder that the ResNet and the DenseNet generator share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from networks.generators.base import Generator
from networks.generators.blocks import ConvNorm, LabelInjection, UpConvNorm, Upsampling


class EncoderDecoder(Generator):
    """7x7 stem, two down-samplings, blocks at a quarter of the resolution, two up-samplings, 7x7 output.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels of the stem; the blocks see four times as many.
        blocks: Modules that map (B, 4 ngf, H / 4, W / 4) and labels to the same shape.
        upsampling: How the two up-samplings double the sides.
        num_labels: Classes of the labels, which the blocks take as a second argument; 0 for none.
        label_injection: How the convolutions are told their label, the blocks' own aside.
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
        x = F.relu(self.stem(image, labels))
        x = F.relu(self.down1(x, labels))
        x = F.relu(self.down2(x, labels))
        for block in self.blocks:
            x = block(x, labels)
        x = F.relu(self.up1(x, labels))
        x = F.relu(self.up2(x, labels))
        output: Tensor = self.out(x, labels)
        return output
