"""A generator with a local enhancer, for twice the size that its inner generator was made for."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from networks.generators.base import Generator
from networks.generators.blocks import ConvNorm, LabelInjection, ResidualBlock, UpConvNorm, Upsampling
from networks.generators.encoder_decoder import EncoderDecoder, relu_after
from networks.generators.resnet import ResNetGenerator


class EnhancedGenerator(Generator):
    """A generator at half resolution and a local enhancer at full resolution.

    The coarse-to-fine generator of Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with
    Conditional GANs" (pix2pixHD): the enhancer adds its own features of the full-size image to the last features of
    the coarse generator. Its output is added to the upscaled coarse output, so a coarse generator can be trained
    first, at half the size and a fraction of the cost, and enhanced afterwards (``start_from_coarse``).

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels of the coarse generator's stem; the enhancer's stem has half as many.
        n_blocks: Number of residual blocks of the coarse generator.
        n_enhancer_blocks: Number of residual blocks of the enhancer, at half resolution.
        upsampling: Upsampling method.
        num_labels: Number of label classes, which enter every convolution; 0 for none.
        label_injection: How the label enters.
    """

    divisor = 2 * EncoderDecoder.divisor
    smallest_side = 2 * EncoderDecoder.smallest_side

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        ngf: int = 64,
        n_blocks: int = 9,
        n_enhancer_blocks: int = 3,
        upsampling: Upsampling = "transposed",
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        super().__init__()
        self.num_labels = num_labels
        conv = partial(ConvNorm, num_labels=num_labels, label_injection=label_injection)
        width = max(1, ngf // 2)
        self.coarse = ResNetGenerator(in_channels, out_channels, ngf, n_blocks, upsampling, num_labels, label_injection)
        self.stem = conv(in_channels, width, 7)
        self.down = conv(width, ngf, 3, stride=2, padding="zeros")
        self.blocks = nn.ModuleList(ResidualBlock(ngf, num_labels, label_injection) for _ in range(n_enhancer_blocks))
        self.up = UpConvNorm(ngf, width, upsampling, num_labels=num_labels, label_injection=label_injection)
        self.out = conv(width, out_channels, 7, norm=False)

    def translate(self, image: Tensor, labels: Tensor | None) -> Tensor:
        """Maps (B, in_channels, H, W) and labels (B, num_labels) to (B, out_channels, H, W) before the tanh."""
        features = self.coarse.features(F.avg_pool2d(image, 2), labels)
        coarse = self.coarse.out(features, labels)
        x = self.segment(partial(relu_after, self.stem), image, labels)
        x = features + self.segment(partial(relu_after, self.down), x, labels)
        for block in self.blocks:
            x = self.segment(block, x, labels)
        x = self.segment(partial(relu_after, self.up), x, labels)
        upscaled = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        output: Tensor = upscaled + self.out(x, labels)
        return output

    @torch.no_grad()
    def start_from_coarse(self) -> None:
        """Make the output that of the coarse generator, enlarged, until the enhancer is trained."""
        for parameter in self.out.parameters():
            parameter.zero_()
