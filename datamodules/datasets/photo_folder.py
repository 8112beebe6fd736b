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
_LOOKED_AT = 16
"""Photos that are looked at to tell whether they are framed as in training."""

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Share:
    """Which photos a process takes: every ``count``-th one from the ``rank``-th on.

    Attributes:
        rank: Number of the process, over all nodes.
        count: Number of processes.
    """

    rank: int = 0
    count: int = 1


class PhotoFolder(Dataset[Photos]):
    """The images below a folder, each scaled to ``image_size``.

    Without an aligner each is cropped to its central square, and faces are expected to be aligned as in CelebA: eyes
    level, a little below the middle. A warning tells when those that are looked at are not.

    Args:
        folder: The folder, or a single photo.
        image_size: Side of the square images in pixels.
        cut_out: Puts the photos on white; its mattes stay in memory.
        align: Cut out the largest face of each photo, wherever it is. Photos without one are left out, with a warning.
        share: Those of the photos that this process takes.

    Raises:
        DataError: The folder is missing or empty, an image is unreadable, two cartoons would have the same name, or no
            photo shows a face that could be aligned. All processes raise it.
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
        _refuse_unreadable(self.paths, len(paths))
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
        """Find the faces, and leave out photos without one."""
        aligner = Aligner()
        found = _each(lambda path: aligner(read_rgb(path)), self.paths, "faces")
        without = _of_all([str(path) for path, matrix in zip(self.paths, found, strict=True) if matrix is None])
        if len(without) == count:
            raise DataError(f"--data.align true: no face in any of {count} photos of {self.folder}")
        if without:
            rank_zero_warn(f"{len(without)} of {count} photos show no face and are left out: {_named(without)}")
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
    """Photos read and framed on access: by their maps, or else by their middle."""

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


def _refuse_unreadable(paths: Sequence[Path], count: int) -> None:
    """Find broken photos before the first cartoon is written."""
    complaints = _of_all([complaint for complaint in _each(_complaint, paths, "photos") if complaint])
    if complaints:
        raise DataError(f"{len(complaints)} of {count} photos cannot be read; the first: {complaints[0]}")


def _warn_of_other_framing(paths: Sequence[Path]) -> None:
    """Look at some photos, and tell if most of them are not framed as those of training."""
    aligner, framing = Aligner(), Framing(FRAME_SIDE)
    looked_at = [paths[place] for place in range(0, len(paths), max(1, len(paths) // _LOOKED_AT))][:_LOOKED_AT]
    others = []
    for path in looked_at:
        matrix = aligner(_Framed([path], None, framing)[0].image)
        if matrix is None or not Deviation.of(matrix).is_small:
            others.append(str(path))
    if 2 * len(others) > len(looked_at):
        rank_zero_warn(
            f"{len(others)} of {len(looked_at)} photos that were looked at are not framed as in training, which costs "
            f"quality: {_named(others)}; --data.align true cuts out their faces"
        )


def _each(look: Callable[[Path], _Found], paths: Sequence[Path], name: str) -> list[_Found]:
    """Do something with each photo, several at once."""
    with ThreadPoolExecutor() as pool:
        results = pool.map(look, paths)
        return list(tqdm(results, total=len(paths), desc=name, unit="photo", disable=None, leave=False))


def _of_all(found: list[str]) -> list[str]:
    """What all processes found, sorted; the same in each."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return sorted(found)
    everywhere: list[list[str]] = [[] for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(everywhere, found)
    return sorted(chain(*everywhere))


def _named(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")


def _complaint(path: Path) -> str | None:
    try:
        read_rgb(path)
    except DataError as error:
        return str(error)
    return None
