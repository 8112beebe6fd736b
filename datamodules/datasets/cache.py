"""A memory-mapped cache of decoded frames, shared by all processes of a machine."""

from __future__ import annotations

import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from datamodules.errors import DataError
from datamodules.kept_folder import check_room, kept_folder
from datamodules.samples import RawFace
from datamodules.source import FaceSource
from datamodules.transforms.framing import Framing

_VERSION = 2
_FRAMES, _LANDMARKS, _COMPLAINTS = "frames.npy", "landmarks.npy", "complaints.json"


class FramedFaces:
    """Faces read and framed on access."""

    def __init__(self, source: FaceSource, framing: Framing) -> None:
        self.names, self.labels, self.attributes = source.names, source.labels, source.attributes
        self._source, self._framing = source, framing

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> RawFace:
        return self._framing(self._source[index])

    def fingerprint(self) -> str:
        """Changes with the source and with the framing."""
        return hashlib.sha256(f"{self._source.fingerprint()} {self._framing}".encode()).hexdigest()


class CachedFaces:
    """The same faces, read from a cache of their frames that is built on first use.

    A cache is valid for one state of its source: if a file or a setting changes, it is rebuilt and the old one deleted.
    It is written atomically, and other processes wait while it is being built. As without a cache, an unreadable image
    raises an error on access.

    Args:
        faces: Framed faces, all of one size.
        folder: Folder of the caches.
        name: Cache name, unique per data set, split and size.

    Raises:
        DataError: The disk is full.
    """

    def __init__(self, faces: FramedFaces, folder: Path, name: str) -> None:
        self.names, self.labels, self.attributes = faces.names, faces.labels, faces.attributes
        self._fingerprint = hashlib.sha256(f"{_VERSION} {faces.fingerprint()}".encode()).hexdigest()
        with kept_folder(folder, name, self._fingerprint, lambda place: _fill(faces, place)) as path:
            self._frames: NDArray[np.uint8] = np.load(path / _FRAMES, mmap_mode="r")
            self._landmarks: NDArray[np.float32] = np.load(path / _LANDMARKS)
            self._complaints: dict[str, str] = json.loads((path / _COMPLAINTS).read_text(encoding="utf-8"))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        if complaint := self._complaints.get(str(index)):
            raise DataError(complaint)
        frame = np.array(self._frames[index])
        label, attributes = int(self.labels[index]), self.attributes[index]
        return RawFace(frame, self._landmarks[index], label, Path(self.names[index]), attributes)

    def fingerprint(self) -> str:
        """Changes with the source and with the framing."""
        return self._fingerprint


def _fill(faces: FramedFaces, folder: Path) -> None:
    shape = _frame_shape(faces)
    needed = len(faces) * int(np.prod(shape))
    check_room(folder, needed)
    frames = np.lib.format.open_memmap(folder / _FRAMES, mode="w+", dtype=np.uint8, shape=(len(faces), *shape))
    landmarks = np.full((len(faces), 5, 2), np.nan, dtype=np.float32)

    def store(index: int) -> tuple[int, str] | None:
        try:
            face = faces[index]
        except DataError as error:
            return index, str(error)
        frames[index], landmarks[index] = face.image, face.landmarks
        return None

    with ThreadPoolExecutor() as pool:  # decoding and resizing release the GIL
        print(f"building a cache of {needed / 1e6:,.0f} MB in {folder.parent}", file=sys.stderr)
        results = tqdm(pool.map(store, range(len(faces))), total=len(faces), desc="cache", unit="image", disable=None)
        complaints = dict(result for result in results if result is not None)
    frames.flush()
    np.save(folder / _LANDMARKS, landmarks)
    (folder / _COMPLAINTS).write_text(json.dumps(complaints), encoding="utf-8")


def _frame_shape(faces: FramedFaces) -> tuple[int, ...]:
    for index in range(len(faces)):
        try:
            return faces[index].image.shape
        except DataError:
            continue
    raise DataError("no image of the set can be read; run `cartoongan data check`")
