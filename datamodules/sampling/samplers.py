"""Samplers for the faces of a domain: infinite sequences, each index a pure function of the draw number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN, Attribute, AttributeName


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
        epoch, position = divmod(draw, self.length)
        return int(_permutation(self.length, self.seed, self.stream, epoch)[position])


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
        self._samplers: list[FaceSampler] = [
            within(indices, own) if within else ShuffledSampler(len(indices), seed, own)
            for indices, own in zip(self._members, streams, strict=True)
        ]

    def __call__(self, draw: int) -> int:
        """The index of a draw."""
        colour = self._rounds(draw)
        which_round = draw // len(self._members)
        return int(self._members[colour][self._samplers[colour](which_round)])


class StratifiedSampler:
    """Samples two groups of faces in a fixed ratio, evenly interleaved.

    Args:
        is_first: ``(N,)`` bool, which faces belong to the first group.
        share: Fraction of draws from the first group, from 0 to 1. An empty group is never drawn.
        seed: Random seed.
        stream: Number of the random stream.
        within: Builds the sampler within a group, see ``BalancedSampler``; by default ``ShuffledSampler``.

    Raises:
        ValueError: There are no faces.
    """

    def __init__(
        self,
        is_first: NDArray[np.bool_],
        share: float,
        seed: int,
        stream: int,
        within: Callable[[NDArray[np.intp], int], FaceSampler] | None = None,
    ) -> None:
        if not len(is_first):
            raise ValueError("no faces to draw from")
        self._groups = [np.flatnonzero(is_first), np.flatnonzero(~is_first)]
        self._share = 0.0 if not len(self._groups[0]) else 1.0 if not len(self._groups[1]) else share
        streams = [1000 + 10 * stream + which for which in range(2)]
        self._samplers: list[FaceSampler] = [
            within(indices, own) if within and len(indices) else ShuffledSampler(len(indices), seed, own)
            for indices, own in zip(self._groups, streams, strict=True)
        ]

    def __call__(self, draw: int) -> int:
        """The index of a draw."""
        before, after = int(draw * self._share), int((draw + 1) * self._share)
        which, number = (0, before) if after > before else (1, draw - before)
        return int(self._groups[which][self._samplers[which](number)])


def read_shares(shares: Mapping[AttributeName, float] | None) -> dict[Attribute, float]:
    """Parse the option ``attribute_shares``: fractions of draws by attribute name.

    Raises:
        DataError: A fraction is not between 0 and 1.
    """
    for name, share in (shares or {}).items():
        if not 0 <= share <= 1:
            raise DataError(f"--data.attribute_shares: {name} is {share}, must be from 0 to 1")
    return {Attribute[name.upper()]: share for name, share in (shares or {}).items()}


def shares_sampler(
    attributes: NDArray[np.int64], shares: Mapping[Attribute, float], seed: int, stream: int
) -> FaceSampler:
    """A random sampler in which each attribute has its target fraction; fractions of unknown attributes are ignored.

    Args:
        attributes: ``(N, A)``: 1, 0 or ``UNKNOWN`` for each ``Attribute``.
        shares: Fractions of draws with an attribute, from 0 to 1.
        seed: Random seed.
        stream: Number of the random stream.
    """
    is_known = (attributes != UNKNOWN).any(axis=0)
    targets = {attribute: share for attribute, share in shares.items() if is_known[attribute]}
    return attribute_sampler(attributes[:, list(targets)] == 1, list(targets.values()), seed, stream)


def attribute_sampler(has: NDArray[np.bool_], shares: Sequence[float], seed: int, stream: int) -> FaceSampler:
    """A sampler in which each attribute has its target fraction, independently of the others.

    Args:
        has: ``(N, K)`` bool, which faces have each of K attributes.
        shares: K fractions of draws with the attribute, from 0 to 1; without any, faces are only shuffled.
        seed: Random seed.
        stream: Number of the random stream.
    """
    if not len(shares):
        return ShuffledSampler(len(has), seed, stream)

    def within(indices: NDArray[np.intp], own: int) -> FaceSampler:
        return attribute_sampler(has[indices, 1:], shares[1:], seed, own)

    return StratifiedSampler(has[:, 0], shares[0], seed, stream, within)


@lru_cache(maxsize=64)
def _permutation(length: int, seed: int, stream: int, which: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, stream, which]).permutation(length)
