"""Unpaired sampling: an infinite, reproducible stream of (photo, cartoon) samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

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
    """One domain: framed faces, their sampler, and their final transform."""

    faces: FaceSource
    sampler: FaceSampler
    transform: FaceTransform


class UnpairedFaces(Dataset[UnpairedBatch]):
    """Unpaired samples; sample ``n`` is a pure function of ``n``, in any process and in any order.

    A sample is an ``UnpairedBatch`` without batch axis. Each domain has an independent order, so the larger one is not
    truncated to the smaller one's length, and a photo's partner changes every epoch.

    Args:
        photos: The photos.
        cartoons: The cartoons.
        seed: Seed of the augmentation.
        warp: Warps each cartoon to the landmarks of the photo in the same sample, instead of its transform.
        bad_images: Log for unreadable images, which are replaced by the next one; without it they raise an error.
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
        """Size of the larger domain; indices beyond it are valid, too."""
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
        raise DataError("no image of a domain can be read; run `cartoongan data check`")


class Position(NamedTuple):
    """Progress of a run.

    Attributes:
        epochs: Completed epochs.
        batches: Completed batches of the current epoch.
    """

    epochs: int
    batches: int


class DrawSampler(DistributedSampler[int]):
    """The sample numbers of one epoch, interleaved over processes: the global batch is independent of their number.

    It subclasses ``DistributedSampler``, which Lightning does not replace. Lightning also calls ``set_epoch``, but in a
    resumed run only after the loader workers have started sampling, and without the position within the epoch: hence
    the ``position`` callable.

    Args:
        epoch_size: Samples per epoch over all processes, rounded down to a multiple of their number.
        num_replicas: Number of processes.
        rank: Rank of this process.
        position: Returns the progress of the run; by default the start of the epoch passed to ``set_epoch``.
        batch_size: Samples per batch and process, the unit of ``Position.batches``.
    """

    def __init__(
        self,
        epoch_size: int,
        num_replicas: int,
        rank: int,
        position: Callable[[], Position] | None = None,
        batch_size: int = 1,
    ) -> None:
        super().__init__(
            cast("Dataset[int]", range(epoch_size)), num_replicas=num_replicas, rank=rank, shuffle=False, drop_last=True
        )
        self._position = position
        self._batch_size = batch_size
        self.num_samples = epoch_size // num_replicas
        self.total_size = self.num_samples * num_replicas

    @classmethod
    def of_trainer(cls, epoch_size: int, trainer: Trainer | None, batch_size: int = 1) -> DrawSampler:
        """The sampler for a trainer's epochs and processes; a single process if there is no trainer."""
        if trainer is None:
            return cls(epoch_size, 1, 0, batch_size=batch_size)

        def position() -> Position:
            epochs: Any = trainer.fit_loop.epoch_progress.current  # `current_epoch` lags when a run resumes
            batches: Any = trainer.fit_loop.epoch_loop.batch_progress.current
            return Position(epochs.processed, batches.processed if epochs.started > epochs.processed else 0)

        return cls(epoch_size, trainer.world_size, trainer.global_rank, position, batch_size)

    def __iter__(self) -> Iterator[int]:
        epochs, batches = self._position() if self._position else Position(self.epoch, 0)
        first = epochs * self.total_size
        done = batches * self._batch_size * self.num_replicas
        return iter(range(first + done + self.rank, first + self.total_size, self.num_replicas))
