"""The full system (paper 4.1, Fig. 2)."""

from __future__ import annotations

from lightning_modules.cyclegan_cond import CycleGANCond
from lightning_modules.cyclegan_landmark import CycleGANLandmark


class CycleGANFull(CycleGANLandmark, CycleGANCond):
    """Combines hair labels and landmark constraints; the generators take both label and heatmaps.

    The full-image discriminators are label-conditional, the local ones for eyes, nose and mouth are not. Options are
    those of ``CycleGANLandmark`` and ``CycleGANCond``.
    """
