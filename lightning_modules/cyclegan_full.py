"""The whole system (paper 4.1, Fig. 2)."""

from __future__ import annotations

from lightning_modules.cyclegan_cond import CycleGANCond
from lightning_modules.cyclegan_landmark import CycleGANLandmark


class CycleGANFull(CycleGANLandmark, CycleGANCond):
    """Hair labels and landmark constraints in one run: the generators are given label and heatmaps.

    Whole images are judged with their label, eyes, nose and mouth by the local discriminators without. Options are
    those of ``CycleGANLandmark`` and ``CycleGANCond``.
    """
