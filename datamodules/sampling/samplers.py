"""Samplers for the faces of a domain: infinite sequences, each index a pure function of the draw number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datamodules.samples import NO_HAIR_COLOUR


class FaceSampler(Protocol):
    """Maps a draw number to the index of a face. Picklable, for loader workers."""

    def __call__(self, draw: int) -> int:
        """The index of a draw."""


@dataclass(frozen=True)
class SequentialSampler:
    """The faces in order, starting over after the last.

    Attributes:
        length: Number of faces.
    """

    length: int

    def __call__(self, draw: int) -> int:
        """The index of a draw."""
        return draw % self.length


@dataclass(frozen=True)
class ShuffledSampler:
    """Every face once per epoch, reshuffled every epoch.

    Attributes:
        length: Number of faces.
        seed: Random seed.
        stream: Number of the random stream; different streams of one seed are independent.
    """

    length: int
    seed: int
    stream: int

    def __call__(self, draw: int) -> int:
        """The index of a draw."""
        which_pass, position = divmod(draw, self.length)
        return int(_permutation(self.length, self.seed, self.stream, which_pass)[position])


class BalancedSampler:
    """Class-balanced sampling: with K hair colours, every K draws contain each colour once.

    Within a colour, faces are reshuffled every epoch. Unlabelled faces are never drawn; faces of rare colours are
    repeated more often.

    Args:
        hair: ``(N,)`` labels.
        seed: Random seed.
        stream: Number of the random stream.
        within: Builds the sampler within one colour, from its (M,) indices and a separate stream; by default
            ``ShuffledSampler``.

    Raises:
        ValueError: No face has a label.
    """

    def __init__(
        self,
        hair: NDArray[np.int64],
        seed: int,
        stream: int,
        within: Callable[[NDArray[np.intp], int], FaceSampler] | None = None,
    ) -> None:
        colours = np.unique(hair[hair != NO_HAIR_COLOUR])
        if not len(colours):
            raise ValueError("no face has a hair label to balance by")
        self._members = [np.flatnonzero(hair == colour) for colour in colours]
        self._rounds = ShuffledSampler(len(colours), seed, stream)
        streams = [1000 * (which + 1) + stream for which in range(len(self._members))]
        self._passes: list[FaceSampler] = [
            within(indices, own) if within else ShuffledSampler(len(indices), seed, own)
            for indices, own in zip(self._members, streams, strict=True)
        ]

    def __call__(self, draw: int) -> int:
        """The index of a draw."""
        colour = self._rounds(draw)
        which_round = draw // len(self._members)
        return int(self._members[colour][self._passes[colour](which_round)])


class StratifiedSampler:
    """Samples two groups of faces in a fixed ratio, evenly interleaved; each group is reshuffled every epoch.

    Args:
        is_first: ``(N,)`` bool, which faces belong to the first group.
        share: Fraction of draws from the first group, from 0 to 1. An empty group is never drawn.
        seed: Random seed.
        stream: Number of the random stream.

    Raises:
        ValueError: There are no faces.
    """

    def __init__(self, is_first: NDArray[np.bool_], share: float, seed: int, stream: int) -> None:
        if not len(is_first):
            raise ValueError("no faces to draw from")
        self._groups = [np.flatnonzero(is_first), np.flatnonzero(~is_first)]
        self._share = 0.0 if not len(self._groups[0]) else 1.0 if not len(self._groups[1]) else share
        self._passes = [
            ShuffledSampler(len(indices), seed, 100_000 * which + 1000 + stream)
            for which, indices in enumerate(self._groups)
        ]

    def __call__(self, draw: int) -> int:
        """The index of a draw."""
        before, after = int(draw * self._share), int((draw + 1) * self._share)
        which, number = (0, before) if after > before else (1, draw - before)
        return int(self._groups[which][self._passes[which](number)])


@lru_cache(maxsize=64)
def _permutation(length: int, seed: int, stream: int, which: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, stream, which]).permutation(length)
