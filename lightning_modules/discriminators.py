"""Discriminators of a domain: their inputs, labels and valid masks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datamodules.samples import Domain, Faces
from networks import PatchDiscriminator
from networks.labels import LabelEncoder
from networks.landmarks import Part, are_known, cut_patches

SCALES = (("", 1), ("_half", 2), ("_quarter", 4))
"""Name suffix and downscale factor of the full-image discriminators at each scale."""


class Discriminator(nn.Module):
    """Classifies images of one domain as real or fake.

    To change what a discriminator sees (a patch, or the photo concatenated to the cartoon), override ``inputs``.

    Args:
        network: Maps the output of ``inputs`` to logits.
        domain: Domain of the images.
        downscale: Images are first reduced by this factor, which enlarges the receptive field.
        encoder: Encodes label and attributes, which then have to be correct, too, for a network that takes them.
    """

    def __init__(
        self, network: nn.Module, domain: Domain, downscale: int = 1, encoder: LabelEncoder | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.domain = domain
        self.downscale = downscale
        self.encoder = encoder

    def inputs(self, faces: Faces) -> Tensor:
        """The network input for ``faces``; a hook for variants."""
        return faces.image if self.downscale == 1 else F.avg_pool2d(faces.image, self.downscale)

    def valid_mask(self, faces: Faces) -> Tensor | None:
        """Which of ``faces`` are valid inputs, (B,) bool; None if all are; a hook for variants.

        The others are excluded from all losses.
        """
        return None

    def forward(self, faces: Faces) -> Tensor:
        """Logits ``(B, 1, h, w)`` float32; positive means real, and matching what the encoder encodes."""
        labels = () if self.encoder is None else (self.encoder(faces.label, faces.attributes),)
        logits: Tensor = self.network(self.inputs(faces), *labels)
        return logits

    def forward_batches(self, *batches: Faces) -> tuple[Tensor, ...]:
        """Logits of equally sized batches in a single pass, which is equivalent since instance norm works per image."""
        logits: Tensor = self(join(*batches))
        return logits.chunk(len(batches))


class LabelDiscriminator(Discriminator):
    """Classifies whether images are real and match their label and attributes (paper 4.5, Eq. 7); has an encoder."""


class LandmarkDiscriminator(Discriminator):
    """A discriminator for faces with known landmarks only."""

    def valid_mask(self, faces: Faces) -> Tensor:
        """Which faces have known landmarks, (B,) bool."""
        return are_known(faces.landmarks)


class LocalDiscriminator(LandmarkDiscriminator):
    """Classifies a patch around one facial part (paper 4.6.1).

    Args:
        network: The patch discriminator.
        domain: Domain of the images.
        part: The facial part.
        encoder: Encodes the attributes that show in the patch, see ``Discriminator``.
    """

    def __init__(
        self, network: PatchDiscriminator, domain: Domain, part: Part, encoder: LabelEncoder | None = None
    ) -> None:
        super().__init__(network, domain, encoder=encoder)
        self._part = part
        self._min_size = network.smallest_side

    def inputs(self, faces: Faces) -> Tensor:
        """Patches (B, 3, h, w); their position is arbitrary for faces without landmarks."""
        landmarks = torch.where(self.valid_mask(faces)[:, None, None], faces.landmarks, 0)
        return cut_patches(faces.image, landmarks, self._part, self._min_size)


def join(*batches: Faces) -> Faces:
    """Concatenate batches of faces."""
    return Faces(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
