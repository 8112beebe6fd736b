"""CelebAMask-HQ (Lee et al. 2020) in its published layout: 30,000 photos of CelebA with masks of up to 18 parts.

``CelebA-HQ-img/0.jpg`` (1024x1024), ``CelebAMask-HQ-mask-anno/0/00000_hair.png`` (512x512; 2,000 photos a folder; a
part that a photo does not show has no file), ``CelebA-HQ-to-CelebA-mapping.txt``, as the download of
https://github.com/switchablenorms/CelebAMask-HQ.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datamodules.datasets.annotations import Problem, raise_first, read_lines
from datamodules.datasets.masks import MaskedPhoto
from datamodules.errors import DataError
from datamodules.images import read_rgb
from datamodules.samples import Split

IMAGES, MASKS, MAPPING = "CelebA-HQ-img", "CelebAMask-HQ-mask-anno", "CelebA-HQ-to-CelebA-mapping.txt"
PHOTOS_A_FOLDER = 2000
NOT_HEAD = ("neck", "neck_l", "cloth")
"""Parts of the person that do not belong to the head: neck, necklace, clothes."""

PARTS = (
    *("skin", "l_brow", "r_brow", "l_eye", "r_eye", "eye_g", "l_ear", "r_ear", "ear_r", "nose", "mouth", "u_lip"),
    *("l_lip", "hair", "hat", *NOT_HEAD),
)
"""Names of the parts in file names."""

OF_CELEBA: dict[Split, range] = {
    "train": range(162_770),
    "val": range(162_770, 182_637),
    "test": range(182_637, 202_599),
}
"""CelebA photo indices, starting at 0, of each official split."""


class CelebAMaskHQ:
    """The photos of one official CelebA split, sorted by number, with merged part masks.

    Photos are resized to the masks' 512x512.

    Attributes:
        names: File names of the photos.

    Raises:
        DataError: The mapping is missing or malformed (the message names the line), or the split is empty.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        path = folder / MAPPING
        rows, problems = parse_mapping(read_lines(path, "it is part of the published set"))
        raise_first(path, problems)
        self._numbers = sorted(number for number, row in rows.items() if row.place in OF_CELEBA[split])
        if not self._numbers:
            raise DataError(f"{path} assigns no photo to '{split}'")
        self.names = [f"{number}.jpg" for number in self._numbers]
        self._folder = folder

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> MaskedPhoto:
        masks = merged_masks(self._folder, self._numbers[index])
        image = read_rgb(self._folder / IMAGES / self.names[index])
        height, width = masks.shape[:2]
        if image.shape[:2] != (height, width):
            image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return MaskedPhoto(image, masks)


def merged_masks(folder: Path, number: int) -> NDArray[np.uint8]:
    """Person and head masks of a photo: ``(512, 512, 2)`` uint8, the unions of all parts and of the head's parts.

    Raises:
        DataError: The photo has no mask, a damaged one, or masks of different sizes.
    """
    paths = mask_paths(folder, number)
    present = [(part, path) for part, path in paths.items() if path.is_file()]
    if not present:
        raise DataError(f"photo {number} has no mask such as {paths['skin']}")
    person = head = None
    for part, path in present:
        mask = read_rgb(path)[..., 0]
        if person is None or head is None:
            person, head = np.zeros_like(mask), np.zeros_like(mask)
        if mask.shape != person.shape:
            raise DataError(f"{path} is {mask.shape[1]}x{mask.shape[0]} pixels, another size than {present[0][1].name}")
        np.maximum(person, mask, out=person)
        if part not in NOT_HEAD:
            np.maximum(head, mask, out=head)
    return np.dstack([np.asarray(person), np.asarray(head)])


def mask_paths(folder: Path, number: int) -> dict[str, Path]:
    """Paths of a photo's masks, for the parts that have one."""
    home = folder / MASKS / str(number // PHOTOS_A_FOLDER)
    return {part: home / f"{number:05d}_{part}.png" for part in PARTS}


class MappingRow(NamedTuple):
    """One row of the mapping: its line number, starting at 1, and the photo's index in CelebA, starting at 0."""

    line: int
    place: int


def parse_mapping(lines: Sequence[str]) -> tuple[dict[int, MappingRow], list[Problem]]:
    """The valid rows of the mapping by photo number, and the problems of the others."""
    rows: dict[int, MappingRow] = {}
    problems: list[Problem] = []
    for line, text in enumerate(lines[1:], start=2):
        words = text.split()
        if not words:
            continue
        if len(words) != 3 or not (words[0].isdecimal() and words[1].isdecimal()):
            problems.append(Problem(line, f"expected two numbers and a file, found '{text.strip()}'"))
        elif int(words[0]) in rows:
            problems.append(Problem(line, f"photo {words[0]} has a row in line {rows[int(words[0])].line} already"))
        else:
            rows[int(words[0])] = MappingRow(line, int(words[1]))
    return rows, problems


def is_celebamask_hq(folder: Path) -> bool:
    """Whether a folder has any part of the set's layout, to detect incomplete copies."""
    return any((folder / name).exists() for name in (IMAGES, MASKS, MAPPING))
