"""Photo backgrounds: kept, or white as in the cartoons.

The person is segmented by a ``Matting``, which is passed in since this package contains no networks. Mattes are
computed once per photo and shared by training, tests and prediction.
"""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cartoonizer.background import on_white, tidied
from datamodules.errors import DataError
from datamodules.kept_folder import check_room, kept_folder
from datamodules.samples import RawFace
from datamodules.source import FaceSource

Background = Literal["keep", "white", "head"]
"""The original photo (the paper), the person on white, or only the head on white, without neck and shoulders."""

_VERSION = 3
_MATTES = "mattes.npy"
_BATCH = 64
_CHANNELS: dict[Background, int] = {"white": 0, "head": 1}


class Matting(Protocol):
    """Segments person and head in photos.

    Attributes:
        side: Side in pixels of the photos it takes.
    """

    side: int

    def __call__(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Mattes ``(B, 2, side, side)`` of person and head, 255 inside, in framed photos ``(B, side, side, 3)``."""

    def fingerprint(self) -> str:
        """A hash that changes whenever the output would change."""


class FramedPhotos(Protocol):
    """Square photos, all of one size."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> RawFace: ...


@dataclass(frozen=True)
class CutOut:
    """Computes cleaned mattes of photos: only the central person or head, or the whole photo if none is found.

    Attributes:
        matting: Segments person and head.
        background: ``white`` or ``head``.
        folder: Where mattes are stored for later runs; without it they stay in memory.
    """

    matting: Matting
    background: Background
    folder: Path | None = None

    def mattes(self, photos: FramedPhotos, name: str, fingerprint: str) -> NDArray[np.uint8]:
        """Mattes ``(N, side, side)`` of photos, 255 for foreground; computed once, then read from the cache.

        An unreadable photo gets a matte of 255 everywhere; the error is raised when the photo itself is read.

        Args:
            photos: Framed photos of the matting's side.
            name: Cache name, unique per data set and split.
            fingerprint: Fingerprint of the photos.

        Raises:
            DataError: They cannot be written, or the disk is full.
        """
        side = self.matting.side
        shape = (len(photos), side, side)
        if self.folder is None:
            return self._fill(photos, np.empty(shape, dtype=np.uint8))

        def fill(place: Path) -> None:
            check_room(place, int(np.prod(shape)))
            print(f"segmenting {len(photos):,} photos once; the mattes are kept in {self.folder}", file=sys.stderr)
            mattes = np.lib.format.open_memmap(place / _MATTES, mode="w+", dtype=np.uint8, shape=shape)
            self._fill(photos, mattes)
            mattes.flush()

        key = f"{_VERSION} {self.background} {self.matting.fingerprint()} {fingerprint}"
        digest = hashlib.sha256(key.encode()).hexdigest()
        with kept_folder(self.folder, f"{name}-{self.background}", digest, fill) as place:
            found: NDArray[np.uint8] = np.load(place / _MATTES, mmap_mode="r")
            return found

    def _fill(self, photos: FramedPhotos, mattes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        side, channel = self.matting.side, _CHANNELS[self.background]

        def pixels(index: int) -> NDArray[np.uint8] | None:
            try:
                return photos[index].image
            except DataError:
                return None

        with (
            ThreadPoolExecutor() as pool,
            tqdm(total=len(photos), desc="background", unit="photo", disable=None) as bar,
        ):
            for start in range(0, len(photos), _BATCH):
                numbers = range(start, min(start + _BATCH, len(photos)))
                images = list(pool.map(pixels, numbers))  # decoding and resizing release the GIL
                blank = np.zeros((side, side, 3), dtype=np.uint8)
                found = self.matting(np.stack([blank if image is None else image for image in images]))
                for number, image, matte in zip(numbers, images, found[:, channel], strict=True):
                    mattes[number] = 255 if image is None else tidied(matte)
                bar.update(len(numbers))
        return mattes


class CutOutFaces:
    """Framed faces on white.

    Args:
        faces: Framed faces.
        mattes: ``(N, S, S)`` uint8, 255 for foreground.
    """

    def __init__(self, faces: FaceSource, mattes: NDArray[np.uint8]) -> None:
        self.names, self.labels, self.attributes = faces.names, faces.labels, faces.attributes
        self._faces, self._mattes = faces, mattes

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> RawFace:
        face = self._faces[index]
        return replace(face, image=on_white(face.image, self._mattes[index]))

    def fingerprint(self) -> str:
        """Changes with the faces and their mattes."""
        return hashlib.sha256(self._faces.fingerprint().encode() + self._mattes.tobytes()).hexdigest()
