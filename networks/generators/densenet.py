"""The DenseNet generator: dense blocks between the ResNet's stem and output."""

from __future__ import annotations

from networks.generators.blocks import DenseBlock, LabelInjection, Upsampling
from networks.generators.encoder_decoder import EncoderDecoder


class DenseNetGenerator(EncoderDecoder):
    """Generator with dense blocks between the ResNet's stem and output (paper 4.4).

    The paper gives no numbers. The defaults have as many 3x3 convolutions as nine residual blocks.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        ngf: Channels of the stem.
        n_blocks: Number of dense blocks.
        n_layers: Number of 3x3 convolutions per block.
        growth: Channels added by each of them; ``ngf`` if None.
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
        n_layers: int = 2,
        growth: int | None = None,
        upsampling: Upsampling = "transposed",
        num_labels: int = 0,
        label_injection: LabelInjection = "concat",
    ) -> None:
        growth = ngf if growth is None else growth
        blocks = [DenseBlock(4 * ngf, growth, n_layers, num_labels, label_injection) for _ in range(n_blocks)]
        super().__init__(in_channels, out_channels, ngf, blocks, upsampling, num_labels, label_injection)
