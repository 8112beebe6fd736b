"""Photos with person and head masks: CelebA's layout plus a ``masks/`` folder, and CelebAMask-HQ."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datamodules.datasets.celeba import CelebA
from datamodules.datasets.celebamask_hq import CelebAMaskHQ, is_celebamask_hq
from datamodules.datasets.masks import MaskedPhoto, MaskedPhotos, read_mask
from datamodules.errors import DataError
from datamodules.samples import Split
from datamodules.transforms.head_mask import head_mask

PERSON_MASKS, HEAD_MASKS = "masks", "head_masks"
"""Mask folders with ``NAME.png`` for CelebA's photos; without the second the head is derived from the person mask."""


class MaskedCelebA:
    """The photos of one CelebA split that have a mask ``masks/NAME.png``.

    Head masks are read from ``head_masks/``, or else derived by ``head_mask`` from person masks and landmarks.

    Raises:
        DataError: No photo of the split has a mask, or a list of CelebA is missing or malformed.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        self._faces = CelebA(folder, split)
        self._folder = folder
        persons, heads = (_masks_in(folder / name) for name in (PERSON_MASKS, HEAD_MASKS))
        stems = [Path(name).stem for name in self._faces.names]
        self._places = [index for index, stem in enumerate(stems) if stem in persons]
        if not self._places:
            raise DataError(f"{folder / PERSON_MASKS} has no mask NAME.png for a photo of the split '{split}'")
        self.names = [self._faces.names[index] for index in self._places]
        self._has_head = [stems[index] in heads for index in self._places]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> MaskedPhoto:
        face = self._faces[self._places[index]]
        person = read_mask(self._mask(PERSON_MASKS, index), face.image.shape)
        if self._has_head[index]:
            head = read_mask(self._mask(HEAD_MASKS, index), face.image.shape)
        else:
            head = head_mask(person, face.landmarks)
        return MaskedPhoto(face.image, np.dstack([person, head]))

    def _mask(self, kind: str, index: int) -> Path:
        return self._folder / kind / f"{Path(self.names[index]).stem}.png"


def open_masked(folder: Path, split: Split) -> MaskedPhotos:
    """The masked photos in a folder: CelebAMask-HQ in its published layout, or CelebA with ``masks/``.

    Raises:
        DataError: The folder is missing, or its data is incomplete or malformed.
    """
    if not folder.is_dir():
        raise DataError(f"no such folder of masked photos: {folder} (--data.root, --data.photos)")
    return CelebAMaskHQ(folder, split) if is_celebamask_hq(folder) else MaskedCelebA(folder, split)


def _masks_in(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.png")}
