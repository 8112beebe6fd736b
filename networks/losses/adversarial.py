"""The adversarial loss (paper Eq. 4) and common alternatives."""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

GanMode = Literal["vanilla", "lsgan", "hinge"]


class AdversarialLoss:
    """Adversarial losses of generator and discriminator, computed from the discriminator's logits.

    An optional mask selects the valid images of a batch; the loss is their mean, or zero if there are none.

    Args:
        mode: "vanilla" is the cross entropy of paper Eq. 4 with the non-saturating generator loss, "lsgan" is least
            squares with targets 1 and 0, "hinge" is the hinge loss.

    Raises:
        ValueError: If `mode` is unknown.
    """

    def __init__(self, mode: GanMode = "vanilla") -> None:
        if mode not in get_args(GanMode):
            raise ValueError(f"unknown GAN mode {mode!r}, expected one of {', '.join(get_args(GanMode))}")
        self.mode = mode

    def generator(self, fake_logits: Tensor, fake_counts: Tensor | None = None) -> Tensor:
        """Generator loss, low if the discriminator classifies fakes as real.

        Args:
            fake_logits: Logits of generated images, (B, ...).
            fake_counts: (B,) bool, mask of valid images; by default all.

        Returns:
            Scalar, float32.
        """
        logits = fake_logits.float()
        return _mean(-logits if self.mode == "hinge" else self._real(logits), fake_counts)

    def discriminator(
        self,
        real_logits: Tensor,
        fake_logits: Tensor,
        real_counts: Tensor | None = None,
        fake_counts: Tensor | None = None,
    ) -> Tensor:
        """Discriminator loss, halved as in CycleGAN to slow down the discriminator.

        Args:
            real_logits: Logits of real images, (B, ...).
            fake_logits: Logits of detached generated images, (B, ...).
            real_counts: (B,) bool, mask of valid real images; by default all.
            fake_counts: (B,) bool, mask of valid generated images; by default all.

        Returns:
            Scalar, float32.
        """
        real, fake = self._real(real_logits.float()), self._fake(fake_logits.float())
        return 0.5 * (_mean(real, real_counts) + _mean(fake, fake_counts))

    def _real(self, logits: Tensor) -> Tensor:
        if self.mode == "vanilla":
            return F.softplus(-logits)
        if self.mode == "lsgan":
            return (logits - 1).square()
        return F.relu(1 - logits)

    def _fake(self, logits: Tensor) -> Tensor:
        if self.mode == "vanilla":
            return F.softplus(logits)
        if self.mode == "lsgan":
            return logits.square()
        return F.relu(1 + logits)


def _mean(losses: Tensor, counts: Tensor | None) -> Tensor:
    """Masked mean of (B, ...) as a scalar, without GPU synchronisation."""
    if counts is None:
        return losses.mean()
    each = losses.flatten(1).mean(dim=1)
    return torch.where(counts, each, 0).sum() / counts.sum().clamp(min=1)
