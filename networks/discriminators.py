"""The PatchGAN discriminator."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from networks.labels import append_labels, check_labels

DiscriminatorNorm = Literal["instance", "spectral", "none"]
"""Normalisation of a discriminator.

"instance" is CycleGAN's instance normalisation, which removes the mean colour of an image. "spectral" divides each
kernel by its largest singular value instead (Miyato et al. 2018, "Spectral Normalization for GANs").
"""


class PatchDiscriminator(nn.Module):
    """PatchGAN: scores overlapping patches as real or fake; 70x70 px and 2,764,737 parameters by default.

    With labels, which are fed to the first convolution, it also scores whether an image matches its label (paper 4.5).

    4x4 convolutions with bias, normalisation (by default instance norm without affine parameters, except in the first
    and last layer), LeakyReLU with slope 0.2.

    Example:
        >>> PatchDiscriminator()(torch.rand(1, 3, 256, 256)).shape
        torch.Size([1, 1, 30, 30])

    Args:
        in_channels: Channels of the input.
        ndf: Channels after the first convolution; they double up to 8 ndf.
        n_layers: Number of convolutions of stride 2.
        num_labels: Number of label classes K; 0 for none. With four it has 2,768,833 parameters.
        norm: Normalisation.

    Attributes:
        smallest_side: Minimum height and width of the input.

    Raises:
        ValueError: If ``n_layers`` is below 1 or ``norm`` is unknown.
    """

    def __init__(
        self,
        in_channels: int = 3,
        ndf: int = 64,
        n_layers: int = 3,
        num_labels: int = 0,
        norm: DiscriminatorNorm = "instance",
    ) -> None:
        super().__init__()
        if norm not in get_args(DiscriminatorNorm):
            raise ValueError(f"unknown norm {norm!r}, expected one of {', '.join(get_args(DiscriminatorNorm))}")
        if n_layers < 1:
            raise ValueError(f"n_layers must be at least 1, got {n_layers}")
        self.smallest_side = 3 * 2**n_layers
        self.num_labels = num_labels
        widths = [ndf * min(2**i, 8) for i in range(n_layers + 1)]
        self.stem = nn.Conv2d(in_channels + num_labels, ndf, 4, stride=2, padding=1)
        self.convs = nn.ModuleList(
            nn.Conv2d(widths[i], widths[i + 1], 4, stride=2 if i + 1 < n_layers else 1, padding=1)
            for i in range(n_layers)
        )
        self.head = nn.Conv2d(widths[-1], 1, 4, padding=1)
        self._normalise = F.instance_norm if norm == "instance" else nn.Identity()
        if norm == "spectral":
            for conv in (self.stem, *self.convs, self.head):
                spectral_norm(conv)

    def forward(self, image: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores a batch of images.

        The last convolution always runs in float32, even under autocast, since rounded logits give coarse losses.

        Args:
            image: (B, in_channels, H, W) in [-1, 1].
            labels: (B, K) one-hot or all zero; None if ``num_labels`` is 0.

        Returns:
            Logits (B, 1, h, w) float32, one per patch, h = H // 2**n_layers - 2 and w likewise.

        Raises:
            ValueError: If a side is below ``smallest_side``, or if labels are missing or unexpected.
        """
        self._check_sides(image)
        check_labels(type(self).__name__, image, labels, self.num_labels)
        x = F.leaky_relu(self.stem(image if labels is None else append_labels(image, labels)), 0.2)
        for conv in self.convs:
            x = F.leaky_relu(self._normalise(conv(x)), 0.2)
        with torch.autocast(x.device.type, enabled=False):
            logits: Tensor = self.head(x.float())
        return logits

    def _check_sides(self, image: Tensor) -> None:
        height, width = image.shape[-2:]
        if min(height, width) < self.smallest_side:
            raise ValueError(
                f"{type(self).__name__} needs sides of at least {self.smallest_side} px, "
                f"got {height}x{width} (height x width)"
            )
