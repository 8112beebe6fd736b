"""Unpaired sampling: an endless, reproducible stream of (photo, cartoon) draws."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset, DistributedSampler

from datamodules.samples import UnpairedBatch
from datamodules.source import FaceSource
from datamodules.transforms import FaceTransform


class UnpairedFaces(Dataset[UnpairedBatch]):
    """Draw ``n`` is a pure function of ``(seed, n)``: the same in every process, whatever was drawn before.

    A draw is an ``UnpairedBatch`` without batch axis. Each domain is walked through in shuffled passes of its own, so
    that the larger one is never cut to the smaller one's length and the partners of a photo differ from pass to pass.

    Args:
        shuffle: Random partners in random order; otherwise file order, the shorter domain starting over.
    """

    def __init__(
        self,
        photos: FaceSource,
        cartoons: FaceSource,
        photo_transform: FaceTransform,
        cartoon_transform: FaceTransform,
        shuffle: bool,
        seed: int = 0,
    ) -> None:
        self._photos, self._cartoons = photos, cartoons
        self._photo_transform, self._cartoon_transform = photo_transform, cartoon_transform
        self._shuffle = shuffle
        self._seed = seed

    def __len__(self) -> int:
        """Draws in which every face of the larger domain comes up once; any index is valid, also beyond it."""
        return max(len(self._photos), len(self._cartoons))

    def __getitem__(self, draw: int) -> UnpairedBatch:
        photo = self._photos[self._index(draw, len(self._photos), domain=0)]
        cartoon = self._cartoons[self._index(draw, len(self._cartoons), domain=1)]
        photo_seed, cartoon_seed = np.random.SeedSequence([self._seed, draw]).generate_state(2)
        return UnpairedBatch(
            photo=self._photo_transform(photo, int(photo_seed)),
            cartoon=self._cartoon_transform(cartoon, int(cartoon_seed)),
        )

    def _index(self, draw: int, length: int, domain: int) -> int:
        which_pass, position = divmod(draw, length)
        return int(_permutation(length, self._seed, domain, which_pass)[position]) if self._shuffle else position


@lru_cache(maxsize=8)
def _permutation(length: int, seed: int, domain: int, which_pass: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, domain, which_pass]).permutation(length)


class DrawSampler(DistributedSampler[int]):
    """The draws of one epoch, dealt out to the processes in turn: the global batch does not depend on their number.

    A ``DistributedSampler``, because Lightning calls ``set_epoch`` on those and leaves them in place.

    Args:
        epoch_size: Draws an epoch over all processes; a remainder that does not fill every process is dropped.
    """

    def __init__(self, dataset: UnpairedFaces, epoch_size: int, num_replicas: int, rank: int) -> None:
        super().__init__(dataset, num_replicas=num_replicas, rank=rank, shuffle=False, drop_last=True)
        self.num_samples = epoch_size // num_replicas
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        first = self.epoch * self.total_size
        return iter(range(first + self.rank, first + self.total_size, self.num_replicas))
