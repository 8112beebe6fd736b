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
    """

    def __init__(self, network: nn.Module, domain: Domain, downscale: int = 1) -> None:
        super().__init__()
        self.network = network
        self.domain = domain
        self.downscale = downscale

    def inputs(self, faces: Faces) -> Tensor:
        """The network input for ``faces``; a hook for variants."""
        return faces.image if self.downscale == 1 else F.avg_pool2d(faces.image, self.downscale)

    def valid_mask(self, faces: Faces) -> Tensor | None:
        """Which of ``faces`` are valid inputs, (B,) bool; None if all are; a hook for variants.

        The others are excluded from all losses.
        """
        return None

    def forward(self, faces: Faces) -> Tensor:
        """Logits ``(B, 1, h, w)`` float32; positive means real."""
        logits: Tensor = self.network(self.inputs(faces))
        return logits

    def forward_batches(self, *batches: Faces) -> tuple[Tensor, ...]:
        """Logits of equally sized batches in a single pass, which is equivalent since instance norm works per image."""
        logits: Tensor = self(join(*batches))
        return logits.chunk(len(batches))


class LabelDiscriminator(Discriminator):
    """Classifies whether images are real and match their label and attributes (paper 4.5, Eq. 7).

    Args:
        network: A discriminator that takes labels.
        domain: Domain of the images.
        downscale: See ``Discriminator``.
        encoder: Encodes label and attributes for the network.
    """

    def __init__(self, network: PatchDiscriminator, domain: Domain, downscale: int, encoder: LabelEncoder) -> None:
        super().__init__(network, domain, downscale)
        self.encoder = encoder

    def forward(self, faces: Faces) -> Tensor:
        """Logits ``(B, 1, h, w)`` float32; positive means real with the correct label."""
        return _logits_with_labels(self.network, self.inputs(faces), faces, self.encoder)


class LandmarkDiscriminator(Discriminator):
    """A discriminator for faces with known landmarks only."""

    def valid_mask(self, faces: Faces) -> Tensor:
        """Which faces have known landmarks, (B,) bool."""
        return are_known(faces.landmarks)


class LocalDiscriminator(LandmarkDiscriminator):
    """Classifies a patch around one facial part (paper 4.6.1).

    Args:
        network: The patch discriminator; takes labels if there is an encoder.
        domain: Domain of the images.
        part: The facial part.
        encoder: Encodes attributes that show in the patch, which then have to be correct, too.
    """

    def __init__(
        self, network: PatchDiscriminator, domain: Domain, part: Part, encoder: LabelEncoder | None = None
    ) -> None:
        super().__init__(network, domain)
        self.encoder = encoder
        self._part = part
        self._min_size = network.smallest_side

    def forward(self, faces: Faces) -> Tensor:
        """Logits ``(B, 1, h, w)`` float32; positive means real, with the correct attributes if it knows them."""
        if self.encoder is None:
            return super().forward(faces)
        return _logits_with_labels(self.network, self.inputs(faces), faces, self.encoder)

    def inputs(self, faces: Faces) -> Tensor:
        """Patches (B, 3, h, w); their position is arbitrary for faces without landmarks."""
        landmarks = torch.where(self.valid_mask(faces)[:, None, None], faces.landmarks, 0)
        return cut_patches(faces.image, landmarks, self._part, self._min_size)


def _logits_with_labels(network: nn.Module, inputs: Tensor, faces: Faces, encoder: LabelEncoder) -> Tensor:
    """Logits ``(B, 1, h, w)`` of a label-conditional network for ``inputs``, with the labels of ``faces``."""
    logits: Tensor = network(inputs, encoder(faces.label, faces.attributes))
    return logits


def join(*batches: Faces) -> Faces:
    """Concatenate batches of faces."""
    return Faces(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
