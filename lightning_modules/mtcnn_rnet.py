"""The refinement stage, on 24 px crops (paper 3.1)."""

from __future__ import annotations

from typing import ClassVar

from lightning_modules.mtcnn import LossWeights, MTCNNStage
from networks.mtcnn import StageName


class MTCNNRNet(MTCNNStage):
    """RNet: which of PNet's windows are faces."""

    stage: ClassVar[StageName] = "rnet"
    presets: ClassVar[dict[str, LossWeights]] = {
        "paper": LossWeights(face=0.5, box=1.0, landmarks=0.5),
        "mtcnn": LossWeights(face=1.0, box=0.5, landmarks=0.5),
    }
