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

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from datamodules.errors import DataError
from datamodules.images import composite_on_white
from datamodules.kept_folder import check_room, kept_folder
from datamodules.samples import RawFace
from datamodules.source import FaceSource

Background = Literal["keep", "white", "head"]
"""The original photo (the paper), the person on white, or only the head on white, without neck and shoulders."""

LEAST_SHARE = 0.03
"""Minimum foreground fraction; below it no person was found, and the photo stays unchanged."""

_VERSION = 2
_MATTES = "mattes.npy"
_BATCH = 64
_BLURS = ((0.2, 8), (0.08, 4))
"""Window sizes of the colour blur, relative to the image side, and the exponents of the matte as its weight."""
_LEAST = np.float32(1e-4)
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
            print(f"finding the background of {len(photos):,} photos, once, for {self.folder}", file=sys.stderr)
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


def on_white(image: NDArray[np.uint8], matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Composite a square image ``(H, H, 3)`` uint8 on white by a square matte of any size.

    Where the matte is partial, it uses the estimated foreground colour, without background bleeding.
    """
    side = image.shape[0]
    if matte.shape[0] != side:
        interpolation = cv2.INTER_AREA if matte.shape[0] > side else cv2.INTER_LINEAR
        matte = np.asarray(cv2.resize(matte, (side, side), interpolation=interpolation), dtype=np.uint8)
    if ((matte > 0) & (matte < 255)).any():
        image = _own_colours(image, matte)
    return composite_on_white(np.dstack([image, matte]))


def _own_colours(image: NDArray[np.uint8], matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Estimate the foreground colours under a matte; where it is 255 they are those of the image.

    Two rounds of blur fusion (Forte 2021), weighted here towards nearly opaque and nearly transparent pixels.
    """
    colours = image.astype(np.float32)
    alpha = np.repeat(matte[..., None].astype(np.float32) / 255, 3, axis=2)
    front = behind = colours
    for share, trust in _BLURS:
        size = (max(3, round(share * len(image))),) * 2
        of_front, of_behind = alpha**trust, (1 - alpha) ** trust
        front_near = (cv2.blur(front * of_front, size) + _LEAST * front) / (cv2.blur(of_front, size) + _LEAST)
        behind = (cv2.blur(behind * of_behind, size) + _LEAST * behind) / (cv2.blur(of_behind, size) + _LEAST)
        front = front_near + alpha * (colours - alpha * front_near - (1 - alpha) * behind)
        front = np.clip(front, 0, 255)
    return np.asarray(np.rint(front), dtype=np.uint8)


def tidied(matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Clean a matte ``(S, S)``: keep only the central person, without smudges; 255 everywhere if none is found.

    Values from 1/4 to 3/4 are stretched to the full range. Only the largest connected component is kept, weighted
    towards the centre.
    """
    matte = np.clip(2 * matte.astype(np.int16) - 127, 0, 255).astype(np.uint8)
    count, labels = cv2.connectedComponents((matte > 63).astype(np.uint8))
    if count > 1:
        place = np.linspace(-1, 1, len(matte), dtype=np.float32)
        weight = np.exp(-2 * (place[:, None] ** 2 + place[None] ** 2)) * matte
        shares = np.bincount(labels.ravel(), weights=weight.ravel(), minlength=count)
        main = 1 + int(shares[1:].argmax())
        # Include its faint edge.
        near = cv2.dilate((labels == main).astype(np.uint8), np.ones((5, 5), dtype=np.uint8))
        matte = np.where(near > 0, matte, 0).astype(np.uint8)
    return matte if matte.mean() > 255 * LEAST_SHARE else np.full_like(matte, 255)
