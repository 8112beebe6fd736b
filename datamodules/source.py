"""The interface of face data sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from datamodules.samples import RawFace


class FaceSource(Protocol):
    """The faces of one domain and split, in a fixed order.

    Attributes:
        names: Unique names: file paths relative to the set's folder, with forward slashes.
        labels: ``(N,)`` int64: a ``HairColour`` or ``NO_HAIR_COLOUR``, or a class from ``--data.labels``.
        attributes: ``(N, A)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.
    """

    names: list[str]
    labels: NDArray[np.int64]
    attributes: NDArray[np.int64]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> RawFace: ...

    def fingerprint(self) -> str:
        """A hash that changes whenever the underlying data changes."""


class FaceFiles(FaceSource, Protocol):
    """Faces stored in one file each."""

    def path(self, index: int) -> Path:
        """The file of a face."""


def fingerprint_of(folder: Path, names: Iterable[str]) -> str:
    """Fingerprint of a folder's files by name, size and modification time, without reading them."""
    digest = hashlib.sha256()
    for name in names:
        path = folder / name
        state = path.stat() if path.exists() else None
        digest.update(f"{name} {(state.st_size, state.st_mtime_ns) if state else None}\n".encode())
    return digest.hexdigest()
