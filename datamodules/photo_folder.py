"""A folder of photos to be translated: images alone, any size, no annotation."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from datamodules.errors import DataError
from datamodules.framing import framing_for
from datamodules.images import find_images, read_rgb
from datamodules.samples import NO_HAIR_COLOUR, Photos, RawFace
from datamodules.transforms import to_tensor

_NO_LANDMARKS = np.full((5, 2), np.nan, dtype=np.float32)


class PhotoFolder(Dataset[Photos]):
    """Every image below a folder, its largest central square scaled to ``image_size``.

    The faces are expected to be aligned as in CelebA: eyes level, a little below the middle.

    Raises:
        DataError: The folder is missing, holds no image, or two whose cartoons would have the same name.
    """

    def __init__(self, folder: Path, image_size: int) -> None:
        self.folder = folder
        self.paths = find_images(folder)
        for first, second in pairwise(self.paths):
            if first.with_suffix("") == second.with_suffix(""):
                raise DataError(f"{first} and {second} would become the same cartoon; rename one")
        self._framing = framing_for("photo", image_size, augment=False)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Photos:
        path = self.paths[index]
        face = self._framing(RawFace(read_rgb(path), _NO_LANDMARKS, NO_HAIR_COLOUR, path))
        return Photos(to_tensor(face.image), str(path.relative_to(self.folder)))
