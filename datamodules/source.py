"""What every data set of faces is to the rest: a ``FaceSource``, whatever it is read from."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datamodules.samples import RawFace


class FaceSource(Protocol):
    """The faces of one domain and split, in a fixed order.

    Attributes:
        names: What tells the faces apart: file paths relative to the set's folder, with forward slashes.
        hair: ``(N,)`` int64: of each face a ``HairColour``, or ``NO_HAIR_COLOUR``.
    """

    names: list[str]
    hair: NDArray[np.int64]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> RawFace: ...
