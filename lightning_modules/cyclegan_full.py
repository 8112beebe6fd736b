"""The full system (paper 4.1, Fig. 2)."""

from __future__ import annotations

from typing import Any

from lightning_modules.cyclegan_cond import CycleGANCond
from lightning_modules.cyclegan_landmark import CycleGANLandmark
from lightning_modules.discriminators import LocalDiscriminator
from networks.labels import LabelEncoder
from networks.landmarks import PARTS

ATTRIBUTES_OF_PARTS = {"eyes": ("glasses",), "nose": (), "mouth": ("beard", "open_mouth")}
"""The attributes that show in the patch of each facial part."""


class CycleGANFull(CycleGANLandmark, CycleGANCond):
    """Combines hair labels and landmark constraints; the generators take both label and heatmaps.

    The full-image discriminators are label-conditional, the local ones for eyes, nose and mouth are not, as in the
    paper. Options are also those of ``CycleGANLandmark`` and ``CycleGANCond``.

    Args:
        local_attributes: Also condition the local discriminators on those of ``attributes`` that show in their patch:
            glasses at the eyes, beard and open mouth at the mouth. With ``wrong_labels``, real patches with a wrong
            attribute are additional negatives.
        **kwargs: Options of ``CycleGANLandmark`` and ``CycleGANCond``.
    """

    def __init__(self, local_attributes: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def build_local_discriminator(self, part: str) -> LocalDiscriminator:
        """The discriminator of one of ``PARTS``, conditional on attributes if ``local_attributes`` is set."""
        shown = tuple(name for name in self.label_encoder.attributes if name in ATTRIBUTES_OF_PARTS[part])
        if not (self.hparams["local_attributes"] and shown):
            return super().build_local_discriminator(part)
        encoder = LabelEncoder(0, shown)
        network = self.build_discriminator_network("cartoon", n_layers=2, num_labels=encoder.size)
        return LocalDiscriminator(network, "cartoon", PARTS[part], encoder)
