"""Stickers: plain PNGs in a folder for each split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.images import find_images, read_rgb
from datamodules.samples import NO_HAIR_COLOUR, RawFace, Split, unknown_attributes
from datamodules.source import fingerprint_of


class Stickers:
    """The faces of one split, in a fixed order; see ``datamodules.source.FaceSource``.

    Args:
        folder: Holds ``train/``, ``val/`` and ``test/``.
        split: One of them.

    Raises:
        DataError: The split's folder is missing or empty.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        self.folder = folder
        self.names = [path.relative_to(folder).as_posix() for path in find_images(folder / split)]
        self.labels: NDArray[np.int64] = np.full(len(self.names), NO_HAIR_COLOUR)
        self.attributes = unknown_attributes(len(self.names))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        landmarks = np.full((5, 2), np.nan, dtype=np.float32)  # unknown
        return RawFace(read_rgb(self.path(index)), landmarks, int(self.labels[index]), self.path(index))

    def path(self, index: int) -> Path:
        """The file of a face."""
        return self.folder / self.names[index]

    def fingerprint(self) -> str:
        """A string that changes whenever a file changes."""
        return fingerprint_of(self.folder, self.names)
