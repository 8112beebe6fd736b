"""The ResNet generator, the default of this project."""

from __future__ import annotations

from networks.generators.blocks import LabelInjection, ResidualBlock, Upsampling
from networks.generators.encoder_decoder import EncoderDecoder


class ResNetGenerator(EncoderDecoder):
    """The generator of CycleGAN (paper 4.4): 11,378,179 parameters at its defaults, 11,577,935 with four labels.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels of the stem.
        n_blocks: Number of residual blocks.
        upsampling: Upsampling method.
        num_labels: Number of label classes, which enter every convolution; 0 for none.
        label_injection: How the label enters.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        ngf: int = 64,
        n_blocks: int = 9,
        upsampling: Upsampling = "transposed",
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        blocks = [ResidualBlock(4 * ngf, num_labels, label_injection) for _ in range(n_blocks)]
        super().__init__(in_channels, out_channels, ngf, blocks, upsampling, num_labels, label_injection)
