"""Unpaired sampling: an endless, reproducible stream of (photo, cartoon) draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from lightning import Trainer
from torch.utils.data import Dataset, DistributedSampler

from datamodules.errors import DataError
from datamodules.samples import Faces, RawFace, UnpairedBatch
from datamodules.sampling.bad_images import BadImageLog
from datamodules.sampling.samplers import FaceSampler
from datamodules.source import FaceSource
from datamodules.transforms.augment import FaceTransform
from datamodules.transforms.landmark_warp import LandmarkWarp


@dataclass(frozen=True)
class DomainStream:
    """One side of the draws: framed faces, the order they come in, and their last transform."""

    faces: FaceSource
    sampler: FaceSampler
    transform: FaceTransform


class UnpairedFaces(Dataset[UnpairedBatch]):
    """Draw ``n`` is a pure function of ``n``: the same in every process, whatever was drawn before.

    A draw is an ``UnpairedBatch`` without batch axis. Each domain follows an order of its own, so that the larger one
    is never cut to the smaller one's length and the partners of a photo differ from pass to pass.

    Args:
        photos: The photos' side.
        cartoons: The cartoons' side.
        seed: Decides the augmentation.
        warp: Bends each cartoon to the landmarks of the photo that it is drawn with, in place of its transform.
        bad_images: Where unreadable images are noted, the next one being drawn instead; without it they are errors.
    """

    def __init__(
        self,
        photos: DomainStream,
        cartoons: DomainStream,
        seed: int = 0,
        bad_images: BadImageLog | None = None,
        warp: LandmarkWarp | None = None,
    ) -> None:
        self.photos, self.cartoons = photos, cartoons
        self._warp = warp
        self._seed = seed
        self._bad_images = bad_images

    def __len__(self) -> int:
        """Draws in which every face of the larger domain comes up once; any index is valid, also beyond it."""
        return max(len(self.photos.faces), len(self.cartoons.faces))

    def __getitem__(self, draw: int) -> UnpairedBatch:
        photo_seed, cartoon_seed = np.random.SeedSequence([self._seed, draw]).generate_state(2)
        photo = self._draw(self.photos, draw, int(photo_seed))
        if self._warp is not None:
            cartoon = self._read(self.cartoons, draw)
            return UnpairedBatch(photo, self._warp(cartoon, photo.landmarks.numpy(), int(cartoon_seed)))
        return UnpairedBatch(photo, self._draw(self.cartoons, draw, int(cartoon_seed)))

    def _draw(self, stream: DomainStream, draw: int, seed: int) -> Faces:
        return stream.transform(self._read(stream, draw), seed)

    def _read(self, stream: DomainStream, draw: int) -> RawFace:
        index = stream.sampler(draw)
        for step in range(len(stream.faces)):
            try:
                return stream.faces[(index + step) % len(stream.faces)]
            except DataError as error:
                if self._bad_images is None:
                    raise
                self._bad_images.add(str(error))
        raise DataError("not one image of a domain can be read; run `cartoongan data check`")


class DrawSampler(DistributedSampler[int]):
    """The draws of one epoch, dealt out to the processes in turn: the global batch does not depend on their number.

    A ``DistributedSampler``, because Lightning leaves those in place. It calls their ``set_epoch``, too, but in a
    resumed run only after loader processes have begun to draw: ``epoch`` is asked when they begin.

    Args:
        epoch_size: Draws an epoch over all processes; a remainder that does not fill every process is dropped.
        num_replicas: Number of processes.
        rank: Number of this one.
        epoch: Tells the epoch that begins; by default what ``set_epoch`` said.
    """

    def __init__(self, epoch_size: int, num_replicas: int, rank: int, epoch: Callable[[], int] | None = None) -> None:
        super().__init__(
            cast("Dataset[int]", range(epoch_size)), num_replicas=num_replicas, rank=rank, shuffle=False, drop_last=True
        )
        self._epoch_now = epoch
        self.num_samples = epoch_size // num_replicas
        self.total_size = self.num_samples * num_replicas

    @classmethod
    def of_trainer(cls, epoch_size: int, trainer: Trainer | None) -> DrawSampler:
        """The draws of a trainer's epochs and processes, or without one those of a single process."""
        if trainer is None:
            return cls(epoch_size, 1, 0)
        progress: Any = trainer.fit_loop.epoch_progress  # `current_epoch` is behind when a resumed run begins
        return cls(epoch_size, trainer.world_size, trainer.global_rank, lambda: progress.current.processed)

    def __iter__(self) -> Iterator[int]:
        first = (self._epoch_now() if self._epoch_now else self.epoch) * self.total_size
        return iter(range(first + self.rank, first + self.total_size, self.num_replicas))
