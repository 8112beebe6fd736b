from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules.datasets.lfw_net import LfwNet
from datamodules.datasets.wider_face import WiderFace
from datamodules.detector.sampler import Sources
from datamodules.detector.scenes import CartoonScenes, FaceScenes, WiderScenes


@pytest.fixture(scope="module")
def sources(sample_root: Path) -> Sources:
    wider, lfw = WiderFace(sample_root / "wider_face", "train"), LfwNet(sample_root / "lfw_net", "train")
    crowds = WiderScenes(wider, range(len(wider)))
    portraits = FaceScenes(
        [lfw.folder / annotation.name for annotation in lfw.annotations],
        np.stack([annotation.landmarks for annotation in lfw.annotations]),
        rotation=5.0,
    )
    folder = sample_root / "cartoonset10k"
    return Sources(
        crowds, portraits, CartoonScenes(folder, sorted(path.name for path in folder.glob("cs*.png")), crowds)
    )
