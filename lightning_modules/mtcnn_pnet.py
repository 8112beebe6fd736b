"""The proposal stage, on 12 px crops (paper 3.1)."""

from __future__ import annotations

from typing import ClassVar

from lightning_modules.mtcnn import LossWeights, MTCNNStage
from networks.mtcnn import StageName


class MTCNNPNet(MTCNNStage):
    """PNet: windows of 12 px that may be faces."""

    stage: ClassVar[StageName] = "pnet"
    presets: ClassVar[dict[str, LossWeights]] = {
        "paper": LossWeights(face=1.0, box=0.5, landmarks=0.5),
        "mtcnn": LossWeights(face=1.0, box=0.5, landmarks=0.5),
    }
