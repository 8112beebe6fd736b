"""The frame that the ResNet and the DenseNet generator share."""

from __future__ import annotations

from collections.abc import Iterable

import torch.nn.functional as F
from torch import Tensor, nn

from networks.generators.base import Generator
from networks.generators.blocks import ConvNorm, UpConvNorm, Upsampling


class FramedGenerator(Generator):
    """7x7 stem, two down-samplings, blocks at a quarter of the resolution, two up-samplings, 7x7 output.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels of the stem; the blocks see four times as many.
        blocks: Modules that map (B, 4 ngf, H / 4, W / 4) to the same shape.
        upsampling: How the two up-samplings double the sides.
    """

    divisor = 4
    smallest_side = 8

    def __init__(
        self, in_channels: int, out_channels: int, ngf: int, blocks: Iterable[nn.Module], upsampling: Upsampling
    ) -> None:
        super().__init__()
        self.stem = ConvNorm(in_channels, ngf, 7)
        self.down1 = ConvNorm(ngf, 2 * ngf, 3, stride=2, padding="zeros")
        self.down2 = ConvNorm(2 * ngf, 4 * ngf, 3, stride=2, padding="zeros")
        self.blocks = nn.ModuleList(blocks)
        self.up1 = UpConvNorm(4 * ngf, 2 * ngf, upsampling)
        self.up2 = UpConvNorm(2 * ngf, ngf, upsampling)
        self.out = ConvNorm(ngf, out_channels, 7, norm=False)

    def translate(self, image: Tensor) -> Tensor:
        """Maps (B, in_channels, H, W) to (B, out_channels, H, W) before the tanh."""
        x = F.relu(self.stem(image))
        x = F.relu(self.down1(x))
        x = F.relu(self.down2(x))
        for block in self.blocks:
            x = block(x)
        x = F.relu(self.up1(x))
        x = F.relu(self.up2(x))
        output: Tensor = self.out(x)
        return output
