"""Crops that are cut once and reused: cutting takes longer than a training step of the small stages."""

from __future__ import annotations

import numpy as np
from torch.utils.data import Dataset
from tqdm import tqdm

from datamodules.detector.crops import CropList, Crops, join, take, to_batch
from datamodules.detector.sampler import Changes, CropBatches


class KeptCrops(Dataset[Crops]):
    """Batch number -> random crops from the first batches of another source, augmented anew each time.

    A batch has the source's mix of crops on average, not exactly.

    Args:
        source: Source of the crops; its own augmentation is not applied.
        count: Number of its batches to keep in memory.
        batch_size: Crops per batch.
        changes: Augmentation of the crops.
        seed: Random seed.
    """

    def __init__(self, source: CropBatches, count: int, batch_size: int, changes: Changes, seed: int = 0) -> None:
        self._batch_size, self._changes, self._seed = batch_size, changes, seed
        self._kept: CropList = join([source.cut(number) for number in tqdm(range(count), "cutting", disable=None)])

    def __getitem__(self, number: int) -> Crops:
        rng = np.random.default_rng([self._seed, number])
        chosen = rng.integers(len(self._kept), size=self._batch_size)
        return to_batch(self._changes(take(self._kept, chosen), rng))
