"""What stands behind the person in a photo: kept, or white as in the cartoons.

Whoever knows the person is a ``Matting``, which this package is handed: it holds no networks. Its mattes are computed
once for each photo, and are the same in training, tests and prediction.
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
"""The photo as it is (the paper), the person on white, or the head alone on white, without neck and shoulders."""

LEAST_SHARE = 0.03
"""A matte that leaves less of the photo than this share found nobody; such a photo stays as it is."""

_VERSION = 2
_MATTES = "mattes.npy"
_BATCH = 64
_BLURS = ((0.2, 8), (0.08, 4))
"""Sides of the windows, in sides of the image, within which colours are alike, and powers of the matte that weigh."""
_LEAST = np.float32(1e-4)
_CHANNELS: dict[Background, int] = {"white": 0, "head": 1}


class Matting(Protocol):
    """Finds person and head in photos.

    Attributes:
        side: Side in pixels of the photos it takes.
    """

    side: int

    def __call__(self, photos: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Mattes ``(B, 2, side, side)`` of person and head, 255 inside, in framed photos ``(B, side, side, 3)``."""

    def fingerprint(self) -> str:
        """Something that changes whenever it would say something else."""


class FramedPhotos(Protocol):
    """Square photos, all of one size."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> RawFace: ...


@dataclass(frozen=True)
class CutOut:
    """Makes the mattes of photos, tidied: the person or head in the middle alone, and nothing cut where none is found.

    Attributes:
        matting: Finds person and head.
        background: ``white`` or ``head``.
        folder: Where mattes are kept for later runs; without it they stay in memory.
    """

    matting: Matting
    background: Background
    folder: Path | None = None

    def mattes(self, photos: FramedPhotos, name: str, fingerprint: str) -> NDArray[np.uint8]:
        """The mattes ``(N, side, side)`` of photos, 255 what stays; made the first time, then read.

        An unreadable photo has a matte of 255 throughout; it is an error when it is asked for itself.

        Args:
            photos: Framed, of the matting's side.
            name: Tells the mattes of different sets and parts apart.
            fingerprint: Of the photos.

        Raises:
            DataError: They cannot be written, or the disk has no room for them.
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
                images = list(pool.map(pixels, numbers))  # decoding and resizing leave Python's lock
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
        mattes: ``(N, S, S)`` uint8, 255 what stays of them.
    """

    def __init__(self, faces: FaceSource, mattes: NDArray[np.uint8]) -> None:
        self.names, self.hair, self.glasses = faces.names, faces.hair, faces.glasses
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
    """A square image ``(H, H, 3)`` uint8 with white where a square matte of any size is 0.

    Where the matte is between, the colour is the person's own, without what shines through from behind.
    """
    side = image.shape[0]
    if matte.shape[0] != side:
        interpolation = cv2.INTER_AREA if matte.shape[0] > side else cv2.INTER_LINEAR
        matte = np.asarray(cv2.resize(matte, (side, side), interpolation=interpolation), dtype=np.uint8)
    if ((matte > 0) & (matte < 255)).any():
        image = _own_colours(image, matte)
    return composite_on_white(np.dstack([image, matte]))


def _own_colours(image: NDArray[np.uint8], matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours of what a matte covers; where it is 255 those of the image itself.

    Two rounds of blur fusion (Forte 2021), which here trusts what is almost covered or almost bare most.
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
    """A matte ``(S, S)`` of the one in the middle, without smudges; 255 throughout if nobody is found.

    Values between a quarter and three quarters are stretched to all. Of the connected parts that stays which covers
    most, what lies in the middle counting most.
    """
    matte = np.clip(2 * matte.astype(np.int16) - 127, 0, 255).astype(np.uint8)
    count, labels = cv2.connectedComponents((matte > 63).astype(np.uint8))
    if count > 1:
        place = np.linspace(-1, 1, len(matte), dtype=np.float32)
        weight = np.exp(-2 * (place[:, None] ** 2 + place[None] ** 2)) * matte
        shares = np.bincount(labels.ravel(), weights=weight.ravel(), minlength=count)
        main = 1 + int(shares[1:].argmax())
        # Its faint edge belongs to it.
        near = cv2.dilate((labels == main).astype(np.uint8), np.ones((5, 5), dtype=np.uint8))
        matte = np.where(near > 0, matte, 0).astype(np.uint8)
    return matte if matte.mean() > 255 * LEAST_SHARE else np.full_like(matte, 255)
