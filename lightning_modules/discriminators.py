"""A discriminator at work: what it looks at, and which domain it judges."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datamodules.samples import Domain, Faces
from networks import PatchDiscriminator
from networks.labels import LabelEncoder
from networks.landmarks import Part, are_known, cut_patches


class Discriminator(nn.Module):
    """Judges whether images of one domain are real.

    A variant changes what a discriminator sees (labels beside the image, a patch of it, the photo beside the cartoon)
    by overriding ``inputs`` alone.

    Args:
        network: Maps what ``inputs`` returns to logits.
        domain: Whose images it judges.
        downscale: Images are reduced by this factor first, so that the network sees more of them at once.
    """

    def __init__(self, network: nn.Module, domain: Domain, downscale: int = 1) -> None:
        super().__init__()
        self.network = network
        self.domain = domain
        self.downscale = downscale

    def inputs(self, faces: Faces) -> Tensor:
        """What the network sees of ``faces``; hook of the variants."""
        return faces.image if self.downscale == 1 else F.avg_pool2d(faces.image, self.downscale)

    def valid_mask(self, faces: Faces) -> Tensor | None:
        """Which of ``faces`` have what it looks at, (B,) bool; None where all have; hook of the variants.

        Its verdict on the others counts in no loss.
        """
        return None

    def forward(self, faces: Faces) -> Tensor:
        """Logits ``(B, 1, h, w)`` float32, positive for real."""
        logits: Tensor = self.network(self.inputs(faces))
        return logits

    def forward_batches(self, *batches: Faces) -> tuple[Tensor, ...]:
        """Logits of batches of one size, in one pass: the norms see one image at a time, so the result is the same."""
        logits: Tensor = self(join(*batches))
        return logits.chunk(len(batches))


class LabelDiscriminator(Discriminator):
    """Judges whether images are real and have the hair that is said (paper 4.5, Eq. 7), or the glasses.

    Args:
        network: A discriminator that takes labels.
        domain: Whose images it judges.
        downscale: See ``Discriminator``.
        encoder: Makes what the network is told of the labels.
    """

    def __init__(self, network: PatchDiscriminator, domain: Domain, downscale: int, encoder: LabelEncoder) -> None:
        super().__init__(network, domain, downscale)
        self._encoder = encoder

    def forward(self, faces: Faces) -> Tensor:
        """Logits ``(B, 1, h, w)`` float32, positive for real and rightly labelled."""
        logits: Tensor = self.network(self.inputs(faces), self._encoder(faces.label, faces.glasses))
        return logits


class LandmarkDiscriminator(Discriminator):
    """Judges only faces whose landmarks are known."""

    def valid_mask(self, faces: Faces) -> Tensor:
        """Which faces have known landmarks, (B,) bool."""
        return are_known(faces.landmarks)


class LocalDiscriminator(LandmarkDiscriminator):
    """Judges an organ of the face by a patch around it (paper 4.6.1).

    Args:
        network: The discriminator of the patches.
        domain: Whose images it judges.
        part: The organ.
    """

    def __init__(self, network: PatchDiscriminator, domain: Domain, part: Part) -> None:
        super().__init__(network, domain)
        self._part = part
        self._least = network.smallest_side

    def inputs(self, faces: Faces) -> Tensor:
        """Patches (B, 3, h, w); those of faces that it cannot judge lie anywhere."""
        landmarks = torch.where(self.valid_mask(faces)[:, None, None], faces.landmarks, 0)
        return cut_patches(faces.image, landmarks, self._part, self._least)


def join(*batches: Faces) -> Faces:
    """Concatenate batches of faces."""
    return Faces(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
