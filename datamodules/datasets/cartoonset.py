"""CartoonSet (Google, CC BY 4.0) in its published layout: ``cs*.png`` (RGBA), each with a ``cs*.csv`` of attributes.

https://google.github.io/cartoonset/ - the 10k and the 100k set differ only in size and in layout: the 100k set is
split into ten subfolders.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from datamodules.datasets.annotations import Problem, raise_first, read_lines
from datamodules.datasets.faces_csv import FACES_CSV, read_annotations
from datamodules.datasets.splits import split_of
from datamodules.errors import DataError
from datamodules.images import read_rgb
from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN, Attribute, HairColour, RawFace, Split
from datamodules.source import fingerprint_of

IMAGE_SIDE = 500.0
"""Side of the official images in pixels, to which ``LANDMARKS`` refer."""

LANDMARKS = np.array([[205.8, 259.6], [293.2, 259.6], [249.4, 309.2], [225.0, 331.0], [273.0, 331.0]], dtype=np.float32)
"""Landmarks of every image of the set (measured, +-3 px), since it draws facial parts at fixed positions.

Other cartoons with the same framing can provide theirs in a ``faces.csv`` in the folder (see ``faces_csv``).
"""

FACE_BOX = np.array([155.0, 170.0, 345.0, 390.0], dtype=np.float32)
"""Box x1, y1, x2, y2 of every face in ``IMAGE_SIDE``: hairline to chin, without ears, as in WIDER FACE."""

HAIR_OF_INDEX: dict[int, HairColour] = {
    7: HairColour.BLACK,
    5: HairColour.BROWN,
    6: HairColour.BROWN,
    0: HairColour.BLONDE,
    1: HairColour.BLONDE,
    4: HairColour.BLONDE,
    8: HairColour.GREY,
    9: HairColour.GREY,
}
"""csv ``hair_color`` index -> the paper's four colours; 2 (orange) and 3 (red) are not among them."""


NO_GLASSES = 11
"""csv ``glasses`` index for no glasses; the other eleven are styles."""

NO_FACIAL_HAIR = 14
"""csv ``facial_hair`` index for none; the other fourteen are styles."""

OPEN_MOUTH, CLOSED_MOUTH, MOUTHS = 0, 1, 2
"""csv ``mouth`` indices of redrawn copies, and their number. Without such a line, all heads show their teeth."""

_ATTRIBUTE_COLUMNS = {
    Attribute.GLASSES: ("glasses", NO_GLASSES, UNKNOWN),
    Attribute.BEARD: ("facial_hair", NO_FACIAL_HAIR, UNKNOWN),
    Attribute.OPEN_MOUTH: ("mouth", CLOSED_MOUTH, 1),
}
"""By attribute: the name in the csv, the index of its absence, and the value without a line."""


class CartoonSet(Dataset[RawFace]):
    """The cartoons of one split, sorted by name.

    There is no official split; ours is ``split_of`` the file name. The landmarks are ``LANDMARKS``, unless a
    ``faces.csv`` in the folder overrides them.

    Attributes:
        names: Image files of this split, relative to the folder.
        raw_attributes: For each image, attribute name -> value index.
        labels: ``(N,)`` int64: a ``HairColour``, or ``NO_HAIR_COLOUR``.
        attributes: ``(N, A)`` int64: 1 or 0 for each ``Attribute``; ``UNKNOWN`` where the csv does not say.

    Raises:
        DataError: The folder or a csv is missing, a csv is malformed, or ``faces.csv`` refers to a missing file; the
            message names it.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        if not folder.is_dir():
            raise DataError(f"no such folder: {folder}; is --root (--data.root) the folder with {folder.name}/?")
        self.folder = folder
        present = find_cartoons(folder)
        self.names = [name for name in present if split_of(Path(name).name) == split]
        if not self.names:
            raise DataError(f"{folder} has no cs*.png in the split '{split}'")
        self.raw_attributes = [read_attributes((folder / name).with_suffix(".csv")) for name in self.names]
        self.labels: NDArray[np.int64] = np.array(
            [HAIR_OF_INDEX.get(row["hair_color"], NO_HAIR_COLOUR) for row in self.raw_attributes], dtype=np.int64
        )
        self.attributes: NDArray[np.int64] = np.array([_attributes_of(row) for row in self.raw_attributes], np.int64)
        self._annotations = read_annotations(folder / FACES_CSV)
        if absent := sorted(self._annotations.keys() - set(present)):
            raise DataError(f"{folder / FACES_CSV} has a row for {absent[0]}, which is not a cartoon in {folder}")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        path = self.path(index)
        image = read_rgb(path)
        own = self._annotations.get(self.names[index])
        landmarks = own.landmarks if own and own.has_landmarks else landmarks_at(image.shape[0])
        return RawFace(image, landmarks, int(self.labels[index]), path, self.attributes[index])

    def path(self, index: int) -> Path:
        """The file of a face."""
        return self.folder / self.names[index]

    def fingerprint(self) -> str:
        """Changes with the image files and ``faces.csv``."""
        beside = [FACES_CSV] if self._annotations else []
        return fingerprint_of(self.folder, [*self.names, *beside])


def landmarks_at(side: int) -> NDArray[np.float32]:
    """``LANDMARKS`` scaled to an image of any side: (5, 2) pixels, with pixel centres at whole numbers."""
    return np.asarray((LANDMARKS + 0.5) * (side / IMAGE_SIDE) - 0.5, dtype=np.float32)


def _attributes_of(row: dict[str, int]) -> list[int]:
    """1, 0 or ``UNKNOWN`` for each ``Attribute``."""
    columns = (_ATTRIBUTE_COLUMNS[attribute] for attribute in Attribute)
    return [int(row[name] != absent) if name in row else default for name, absent, default in columns]


def find_cartoons(folder: Path) -> list[str]:
    """Sorted paths of all cartoons of the set, relative to its folder."""
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("cs*.png"))]


def read_attributes(path: Path) -> dict[str, int]:
    """Read a CartoonSet csv, with ``"name", value index, cardinality`` in each line.

    Raises:
        DataError: The file is missing, a line is malformed, an index is out of range, or ``hair_color`` is absent.
    """
    attributes, problems = parse_attributes(read_lines(path, "every cs*.png needs its csv"))
    raise_first(path, problems)
    if "hair_color" not in attributes:
        raise DataError(f"{path} has no line for hair_color")
    return attributes


def parse_attributes(lines: Sequence[str]) -> tuple[dict[str, int], list[Problem]]:
    """Parse the lines of a csv.

    Returns:
        Attribute name -> value index of the valid lines, and the problems of the others.
    """
    attributes: dict[str, int] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        words = [word.strip().strip('"') for word in line.split(",")]
        if words == [""]:
            continue
        try:
            name, value, cardinality = words[0], int(words[1]), int(words[2])
        except (IndexError, ValueError):
            problems.append(Problem(number, f'expected `"name", value index, cardinality`, found `{line}`'))
            continue
        if 0 <= value < cardinality:
            attributes[name] = value
        else:
            problems.append(Problem(number, f"{name} is {value}, but has only the values 0 to {cardinality - 1}"))
    return attributes, problems
