from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import torch

from datamodules.detector.crops import FACE, NO_FACE
from datamodules.detector.kept import KeptCrops
from datamodules.detector.sampler import Changes, CropBatches, Mix, Sources
from tests.datamodules.detector.test_module import module


def test_each_batch_is_drawn_from_the_first_ones(sources: Sources) -> None:
    """Every crop of a batch is one of the cut crops or its mirror image."""
    source = CropBatches(sources, 12, 64, Mix())
    kept = KeptCrops(source, 2, 32, Changes())
    cut = np.concatenate([source.cut(number).image for number in range(2)])
    known = {image.tobytes() for image in cut} | {image[:, ::-1].tobytes() for image in cut}
    first, again, other = kept[3], kept[3], kept[4]
    drawn = first.image.permute(0, 2, 3, 1).contiguous().numpy()
    assert len(drawn) == 32
    assert {image.tobytes() for image in drawn} <= known
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.image, other.image)


def test_kinds_keep_their_proportion(sources: Sources) -> None:
    kept = KeptCrops(CropBatches(sources, 12, 64, Mix(3, 1, 1, 1)), 2, 512, Changes(recolouring=0.1, roughness=0.1))
    counts = Counter(kept[0].face.tolist())
    assert 0.4 < counts[NO_FACE] / 512 < 0.65
    assert 0.1 < counts[FACE] / 512 < 0.25


def test_the_module_keeps_crops_for_training_only(sample_root: Path) -> None:
    data = module(sample_root, kept=64)
    data.setup("fit")
    assert isinstance(data.train_dataloader().dataset, KeptCrops)
    assert len(list(data.train_dataloader())) == 3
    assert not isinstance(data.val_dataloader().dataset.dataset, KeptCrops)  # type: ignore[attr-defined]
