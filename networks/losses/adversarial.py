"""The adversarial loss (paper Eq. 4) and its usual alternatives."""

from __future__ import annotations

from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor

GanMode = Literal["vanilla", "lsgan", "hinge"]


class AdversarialLoss:
    """What generator and discriminator minimise, given the discriminator's logits.

    Args:
        mode: "vanilla" is the cross entropy of paper Eq. 4 with the non-saturating generator, "lsgan" least squares
            with targets 1 and 0, "hinge" the hinge loss.

    Raises:
        ValueError: If `mode` is unknown.
    """

    def __init__(self, mode: GanMode = "vanilla") -> None:
        if mode not in get_args(GanMode):
            raise ValueError(f"unknown GAN mode {mode!r}, expected one of {', '.join(get_args(GanMode))}")
        self.mode = mode

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Rewards fakes that the discriminator takes for real.

        Args:
            fake_logits: Logits of generated images, any shape.

        Returns:
            Scalar, float32.
        """
        if self.mode == "hinge":
            return -fake_logits.float().mean()
        return self._real(fake_logits.float())

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Rewards telling real from fake, halved as in CycleGAN to slow the discriminator down.

        Args:
            real_logits: Logits of real images, any shape.
            fake_logits: Logits of detached generated images, any shape.

        Returns:
            Scalar, float32.
        """
        return 0.5 * (self._real(real_logits.float()) + self._fake(fake_logits.float()))

    def _real(self, logits: Tensor) -> Tensor:
        if self.mode == "vanilla":
            return F.softplus(-logits).mean()
        if self.mode == "lsgan":
            return (logits - 1).square().mean()
        return F.relu(1 - logits).mean()

    def _fake(self, logits: Tensor) -> Tensor:
        if self.mode == "vanilla":
            return F.softplus(logits).mean()
        if self.mode == "lsgan":
            return logits.square().mean()
        return F.relu(1 + logits).mean()
