"""Crops that are cut once and drawn again and again: cutting takes longer than a step of the small stages."""

from __future__ import annotations

import numpy as np
from torch.utils.data import Dataset
from tqdm import tqdm

from datamodules.detector.crops import CropList, Crops, join, take, to_batch
from datamodules.detector.sampler import Changes, CropBatches


class KeptCrops(Dataset[Crops]):
    """Batch number -> crops drawn from the first batches of another source, varied anew each time.

    The crops of a batch are of the kinds and in the proportions of that source, by chance rather than exactly.

    Args:
        source: Where the crops come from; its own changes are not made.
        count: How many of its batches are kept, in memory.
        batch_size: Crops in a batch.
        changes: How crops are varied.
        seed: Decides the draws.
    """

    def __init__(self, source: CropBatches, count: int, batch_size: int, changes: Changes, seed: int = 0) -> None:
        self._batch_size, self._changes, self._seed = batch_size, changes, seed
        self._kept: CropList = join([source.cut(number) for number in tqdm(range(count), "cutting", disable=None)])

    def __getitem__(self, number: int) -> Crops:
        rng = np.random.default_rng([self._seed, number])
        chosen = rng.integers(len(self._kept), size=self._batch_size)
        return to_batch(self._changes(take(self._kept, chosen), rng))
