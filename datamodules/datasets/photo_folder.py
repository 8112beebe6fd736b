"""Photos for prediction: images of any size, without annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch.distributed
from lightning.pytorch.utilities import rank_zero_warn
from numpy.typing import NDArray
from torch.utils.data import Dataset
from tqdm import tqdm

from cartoonizer.arrays import Matrix
from cartoonizer.background import on_white
from datamodules.errors import DataError
from datamodules.images import find_images, read_rgb
from datamodules.samples import NO_HAIR_COLOUR, Photos, RawFace
from datamodules.transforms.alignment import FRAME_SIDE, Aligner, Deviation, aligned
from datamodules.transforms.augment import to_tensor
from datamodules.transforms.background import CutOut
from datamodules.transforms.framing import Framing, framing_for

_NO_LANDMARKS = np.full((5, 2), np.nan, dtype=np.float32)
_SAMPLE_SIZE = 16
"""Number of photos sampled to check whether they are framed as in training."""

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Share:
    """A process's share of the photos: every ``count``-th one, starting at ``rank``.

    Attributes:
        rank: Number of the process, over all nodes.
        count: Number of processes.
    """

    rank: int = 0
    count: int = 1


class PhotoFolder(Dataset[Photos]):
    """The images below a folder, each scaled to ``image_size``.

    Without ``align`` each is cropped to its central square, and faces should be aligned as in CelebA: eyes level, a
    little below the middle. A sample of the photos is checked, with a warning if most are not.

    Args:
        folder: The folder, or a single photo.
        image_size: Side of the square images in pixels.
        cut_out: Replaces the background with white; its mattes stay in memory.
        align: Crop the largest face of each photo. Photos without a face are skipped, with a warning.
        share: This process's share of the photos.

    Raises:
        DataError: The folder is missing or empty, an image is unreadable, two cartoons would have the same name, or no
            photo has a face to align. All processes raise it.
    """

    def __init__(
        self,
        folder: Path,
        image_size: int,
        cut_out: CutOut | None = None,
        align: bool = False,
        share: Share | None = None,
    ) -> None:
        self.folder = folder.parent if folder.is_file() else folder
        paths = [folder] if folder.is_file() else find_images(folder)
        taken: dict[Path, Path] = {}
        for path in paths:
            if first := taken.get(path.with_suffix("")):
                raise DataError(f"{first} and {path} would become the same cartoon; rename one")
            taken[path.with_suffix("")] = path
        share = share or Share()
        self.paths = paths[share.rank :: share.count]
        _reject_unreadable(self.paths, len(paths))
        self._matrices: list[Matrix] | None = None
        if align:
            self._align(len(paths))
        elif share.rank == 0:
            _warn_of_other_framing(self.paths)
        self._framed = _Framed(self.paths, self._matrices, framing_for("photo", image_size, augment=False))
        self._mattes: NDArray[np.uint8] | None = None
        if cut_out is not None:
            framed = _Framed(self.paths, self._matrices, Framing(cut_out.matting.side))
            self._mattes = replace(cut_out, folder=None).mattes(framed, self.folder.name, "")

    def _align(self, count: int) -> None:
        """Find the faces, and skip photos without one."""
        aligner = Aligner()
        found = _map(lambda path: aligner(read_rgb(path)), self.paths, "faces")
        without = _gather([str(path) for path, matrix in zip(self.paths, found, strict=True) if matrix is None])
        if len(without) == count:
            raise DataError(f"--data.align true: no face in any of {count} photos of {self.folder}")
        if without:
            rank_zero_warn(f"{len(without)} of {count} photos have no face and are skipped: {_first_few(without)}")
        self.paths = [path for path, matrix in zip(self.paths, found, strict=True) if matrix is not None]
        self._matrices = [matrix for matrix in found if matrix is not None]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Photos:
        image = self._framed[index].image
        if self._mattes is not None:
            image = on_white(image, self._mattes[index])
        return Photos(to_tensor(image), str(self.paths[index].relative_to(self.folder)))


class _Framed:
    """Photos read and framed on access: with their alignment, or else by the central square."""

    def __init__(self, paths: Sequence[Path], matrices: Sequence[Matrix] | None, framing: Framing) -> None:
        self._paths, self._matrices, self._framing = paths, matrices, framing

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> RawFace:
        path = self._paths[index]
        photo = RawFace(read_rgb(path), _NO_LANDMARKS, NO_HAIR_COLOUR, path)
        if self._matrices is None:
            return self._framing(photo)
        return replace(photo, image=aligned(photo.image, self._matrices[index], self._framing.side))


def _reject_unreadable(paths: Sequence[Path], count: int) -> None:
    """Reject unreadable photos before the first cartoon is written."""
    errors = _gather([error for error in _map(_decoding_error, paths, "photos") if error])
    if errors:
        raise DataError(f"{len(errors)} of {count} photos cannot be read; the first: {errors[0]}")


def _warn_of_other_framing(paths: Sequence[Path]) -> None:
    """Check a sample of the photos, and warn if most are not framed as in training."""
    aligner, framing = Aligner(), Framing(FRAME_SIDE)
    sample = [paths[place] for place in range(0, len(paths), max(1, len(paths) // _SAMPLE_SIZE))][:_SAMPLE_SIZE]
    others = []
    for path in sample:
        matrix = aligner(_Framed([path], None, framing)[0].image)
        if matrix is None or not Deviation.of(matrix).is_small:
            others.append(str(path))
    if 2 * len(others) > len(sample):
        rank_zero_warn(
            f"{len(others)} of {len(sample)} sampled photos are not framed as in training, which reduces "
            f"quality: {_first_few(others)}; --data.align true crops their faces"
        )


def _map(function: Callable[[Path], _Found], paths: Sequence[Path], name: str) -> list[_Found]:
    """Apply a function to each photo, in parallel."""
    with ThreadPoolExecutor() as pool:
        results = pool.map(function, paths)
        return list(tqdm(results, total=len(paths), desc=name, unit="photo", disable=None, leave=False))


def _gather(found: list[str]) -> list[str]:
    """Gather the findings of all processes, sorted; identical in each."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return sorted(found)
    everywhere: list[list[str]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(everywhere, found)
    return sorted(chain(*everywhere))


def _first_few(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")


def _decoding_error(path: Path) -> str | None:
    try:
        read_rgb(path)
    except DataError as error:
        return str(error)
    return None
