"""Base class of all generators: input size checks, float32 output in [-1, 1]."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from networks.labels import check_labels


class Generator(nn.Module, ABC):
    """Image-to-image network with a tanh output.

    Attributes:
        divisor: Height and width of the input must be multiples of it.
        smallest_side: Height and width of the input must be at least this.
        num_labels: Number of label classes K; 0 if unconditional.
        gradient_checkpointing: Keep only the inputs of the layers between which ``segment`` divides the network, and
            compute their activations again in the backward pass. Gradients are the same; a training step takes one
            more forward pass, and less memory.
    """

    gradient_checkpointing = False

    divisor: int
    smallest_side: int
    num_labels: int

    def forward(self, image: Tensor, labels: Tensor | None = None) -> Tensor:
        """Translates a batch of images.

        Args:
            image: (B, in_channels, H, W) in [-1, 1], H and W multiples of ``divisor``.
            labels: (B, K) one-hot or all zero; None if ``num_labels`` is 0.

        Returns:
            (B, out_channels, H, W) float32 in [-1, 1], even under autocast.

        Raises:
            ValueError: If a side is not a multiple of ``divisor`` or is below ``smallest_side``, or if labels are
                missing or unexpected.
        """
        self._check_sides(image)
        check_labels(type(self).__name__, image, labels, self.num_labels)
        return torch.tanh(self.translate(image, labels).float())

    @abstractmethod
    def translate(self, image: Tensor, labels: Tensor | None) -> Tensor:
        """Maps (B, in_channels, H, W) to (B, out_channels, H, W) before the tanh."""

    def segment(self, layers: Callable[[Tensor, Tensor | None], Tensor], x: Tensor, labels: Tensor | None) -> Tensor:
        """Output of some layers, whose activations are not kept with ``gradient_checkpointing``.

        Args:
            layers: Function of x and labels.
            x: Their input, (B, C, h, w).
            labels: (B, K), or None.
        """
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return checkpoint(layers, x, labels, use_reentrant=False)
        return layers(x, labels)

    def _check_sides(self, image: Tensor) -> None:
        height, width = image.shape[-2:]
        if height % self.divisor or width % self.divisor or min(height, width) < self.smallest_side:
            raise ValueError(
                f"{type(self).__name__} needs sides that are multiples of {self.divisor} and at least "
                f"{self.smallest_side} px, got {height}x{width} (height x width)"
            )
