"""In which order the faces of a domain are drawn: endless, and each draw a pure function of its number."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from datamodules.samples import NO_HAIR_COLOUR

Order = Callable[[int], int]
"""Draw number -> index of a face."""


def file_order(length: int) -> Order:
    """The faces as they lie, from the start again after the last."""
    return lambda draw: draw % length


def shuffled_order(length: int, seed: int, stream: int) -> Order:
    """Shuffled passes, each face once a pass, every pass shuffled anew.

    Args:
        length: Number of faces.
        seed: Decides the passes.
        stream: Tells orders of the same seed apart.
    """

    def draw_index(draw: int) -> int:
        which_pass, position = divmod(draw, length)
        return int(_permutation(length, seed, stream, which_pass)[position])

    return draw_index


def balanced_order(hair: NDArray[np.int64], seed: int, stream: int) -> Order:
    """Every hair colour once in each round of as many draws as there are colours, each colour in shuffled passes.

    Faces of no label are never drawn; those of a rare colour come up more often than others.

    Args:
        hair: ``(N,)`` labels.
        seed: Decides rounds and passes.
        stream: Tells orders of the same seed apart.

    Raises:
        ValueError: No face has a label.
    """
    members = [np.flatnonzero(hair == colour) for colour in np.unique(hair[hair != NO_HAIR_COLOUR])]
    if not members:
        raise ValueError("no face has a hair label to balance by")
    passes = [shuffled_order(len(indices), seed, stream * 100 + 1 + which) for which, indices in enumerate(members)]

    def draw_index(draw: int) -> int:
        which_round, turn = divmod(draw, len(members))
        colour = int(_permutation(len(members), seed, stream, which_round)[turn])
        return int(members[colour][passes[colour](which_round)])

    return draw_index


@lru_cache(maxsize=64)
def _permutation(length: int, seed: int, stream: int, which: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, stream, which]).permutation(length)
