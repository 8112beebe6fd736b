"""Photos for prediction: images of any size, without annotations."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from datamodules.errors import DataError
from datamodules.images import find_images, read_rgb
from datamodules.samples import NO_HAIR_COLOUR, Photos, RawFace
from datamodules.transforms.augment import to_tensor
from datamodules.transforms.background import CutOut, on_white
from datamodules.transforms.framing import Framing, framing_for

_NO_LANDMARKS = np.full((5, 2), np.nan, dtype=np.float32)


class PhotoFolder(Dataset[Photos]):
    """All images below a folder, each center-cropped to a square and scaled to ``image_size``.

    The faces are expected to be aligned as in CelebA: eyes level, a little below the middle.

    Args:
        folder: The folder, or a single photo.
        image_size: Side of the square images in pixels.
        cut_out: Puts the photos on white; its mattes stay in memory.

    Raises:
        DataError: The folder is missing or empty, an image is unreadable, or two cartoons would have the same name.
    """

    def __init__(self, folder: Path, image_size: int, cut_out: CutOut | None = None) -> None:
        self.folder = folder.parent if folder.is_file() else folder
        self.paths = [folder] if folder.is_file() else find_images(folder)
        taken: dict[Path, Path] = {}
        for path in self.paths:
            if first := taken.get(path.with_suffix("")):
                raise DataError(f"{first} and {path} would become the same cartoon; rename one")
            taken[path.with_suffix("")] = path
        self._refuse_unreadable()
        self._framing = framing_for("photo", image_size, augment=False)
        self._mattes: NDArray[np.uint8] | None = None
        if cut_out is not None:
            framed = _Framed(self.paths, Framing(cut_out.matting.side))
            self._mattes = replace(cut_out, folder=None).mattes(framed, self.folder.name, "")

    def _refuse_unreadable(self) -> None:
        """Find broken photos before the first cartoon is written."""
        with ThreadPoolExecutor() as pool:
            complaints = [complaint for complaint in pool.map(_complaint, self.paths) if complaint]
        if complaints:
            raise DataError(f"{len(complaints)} of {len(self.paths)} photos cannot be read; the first: {complaints[0]}")

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Photos:
        path = self.paths[index]
        image = _Framed(self.paths, self._framing)[index].image
        if self._mattes is not None:
            image = on_white(image, self._mattes[index])
        return Photos(to_tensor(image), str(path.relative_to(self.folder)))


class _Framed:
    """Photos read and framed on access."""

    def __init__(self, paths: Sequence[Path], framing: Framing) -> None:
        self._paths, self._framing = paths, framing

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> RawFace:
        path = self._paths[index]
        return self._framing(RawFace(read_rgb(path), _NO_LANDMARKS, NO_HAIR_COLOUR, path))


def _complaint(path: Path) -> str | None:
    try:
        read_rgb(path)
    except DataError as error:
        return str(error)
    return None
