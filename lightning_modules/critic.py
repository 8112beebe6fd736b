"""A discriminator at work: what it looks at, and which domain it judges."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from datamodules.samples import Domain, Faces


class Critic(nn.Module):
    """Judges whether images of one domain are real.

    A variant changes what a discriminator sees (labels beside the image, a patch of it, the photo beside the cartoon)
    by overriding ``view`` alone.

    Args:
        network: Maps what ``view`` returns to logits.
        domain: Whose images it judges.
    """

    def __init__(self, network: nn.Module, domain: Domain) -> None:
        super().__init__()
        self.network = network
        self.domain = domain

    def view(self, faces: Faces) -> Tensor:
        """What the network sees of ``faces``; hook of the variants."""
        return faces.image

    def forward(self, faces: Faces) -> Tensor:
        """Logits ``(B, 1, h, w)`` float32, positive for real."""
        logits: Tensor = self.network(self.view(faces))
        return logits

    def judge(self, real: Faces, fake: Faces) -> tuple[Tensor, Tensor]:
        """Logits of real and fake faces, in one pass: the norms see one image at a time, so the result is the same."""
        real_logits, fake_logits = self(join(real, fake)).chunk(2)
        return real_logits, fake_logits


def join(first: Faces, second: Faces) -> Faces:
    """Concatenate two batches of faces."""
    return Faces(*(torch.cat(pair) for pair in zip(first, second, strict=True)))
