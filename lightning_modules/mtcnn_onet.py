"""The output stage, on 48 px crops (paper 3.1)."""

from __future__ import annotations

from typing import ClassVar

from lightning_modules.mtcnn import LossWeights, MTCNNStage
from networks.mtcnn import StageName


class MTCNNONet(MTCNNStage):
    """ONet: which of RNet's windows are faces, and where their landmarks are."""

    stage: ClassVar[StageName] = "onet"
    presets: ClassVar[dict[str, LossWeights]] = {
        "paper": LossWeights(face=0.5, box=0.5, landmarks=1.0),
        "mtcnn": LossWeights(face=1.0, box=0.5, landmarks=1.0),
    }
