"""CelebA (Liu et al. 2015) in its published layout: aligned photos, 40 attributes, five landmarks, partition.

``celeba/img_align_celeba/000001.jpg`` (178x218), ``list_attr_celeba.txt``, ``list_landmarks_align_celeba.txt``,
``list_eval_partition.txt``, as the "Align&Cropped Images" download of https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html.
Two lists for the original photos ("In-The-Wild Images") are optional: ``list_bbox_celeba.txt`` and
``list_landmarks_celeba.txt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from datamodules.datasets.annotations import Problem, raise_first, read_lines
from datamodules.errors import DataError
from datamodules.images import read_rgb
from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN, Attribute, HairColour, RawFace, Split, unknown_attributes
from datamodules.source import fingerprint_of

_PARTITION: dict[Split, str] = {"train": "0", "val": "1", "test": "2"}
PARTITIONS = tuple(_PARTITION.values())
"""Values of ``list_eval_partition.txt``."""

ATTRIBUTE_VALUES = ("1", "-1")
"""Values of ``list_attr_celeba.txt``."""

_HAIR_ATTRIBUTES = {
    "Black_Hair": HairColour.BLACK,
    "Brown_Hair": HairColour.BROWN,
    "Blond_Hair": HairColour.BLONDE,
    "Gray_Hair": HairColour.GREY,
}


class CelebA(Dataset[RawFace]):
    """The photos of one official partition, sorted by name.

    Attributes:
        names: File names of this partition.
        attribute_names: The 40 attribute names in the file's order.
        raw_attributes: ``(N, 40)`` bool, in that order.
        landmarks: ``(N, 5, 2)`` float32 pixels of the 178x218 images.
        labels: ``(N,)`` int64, see ``hair_labels``.
        attributes: ``(N, A)`` int64, see ``attribute_labels``.

    Raises:
        DataError: A list is missing or malformed; the message names file and line.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        self.folder = folder
        path = folder / "list_eval_partition.txt"
        partition = _rows_of(path, _read_lines(path), header_lines=0, columns=1)
        _require_values(path, partition, "the part", PARTITIONS)
        self.names = sorted(name for name, row in partition.items() if row.values[0] == _PARTITION[split])
        if not self.names:
            raise DataError(f"{path} assigns no image to '{split}'")
        self.attribute_names = _read_header(folder / "list_attr_celeba.txt")
        columns = len(self.attribute_names)
        self.raw_attributes = self._table("list_attr_celeba.txt", columns, ATTRIBUTE_VALUES) > 0
        self.landmarks = self._table("list_landmarks_align_celeba.txt", 10).reshape(-1, 5, 2)
        self.labels = hair_labels(self.raw_attributes, self.attribute_names)
        self.attributes = attribute_labels(self.raw_attributes, self.attribute_names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        path = self.path(index)
        return RawFace(read_rgb(path), self.landmarks[index], int(self.labels[index]), path, self.attributes[index])

    def path(self, index: int) -> Path:
        """The file of a face."""
        return self.folder / "img_align_celeba" / self.names[index]

    def fingerprint(self) -> str:
        """Changes with the image files and the landmarks."""
        images = (f"img_align_celeba/{name}" for name in self.names)
        return fingerprint_of(self.folder, [*images, "list_landmarks_align_celeba.txt"])

    @cached_property
    def wild_boxes(self) -> NDArray[np.float32] | None:
        """Face boxes in the original photos; None without ``list_bbox_celeba.txt``.

        Returns:
            ``(N, 4)`` pixels: x, y, width, height. Some published boxes are wrong, with zero size.

        Raises:
            DataError: The list is malformed; the message names file and line.
        """
        has_list = (self.folder / "list_bbox_celeba.txt").exists()
        return self._table("list_bbox_celeba.txt", 4) if has_list else None

    @cached_property
    def wild_landmarks(self) -> NDArray[np.float32] | None:
        """Landmarks in the original photos; None without ``list_landmarks_celeba.txt``.

        Returns:
            ``(N, 5, 2)`` pixels.

        Raises:
            DataError: The list is malformed; the message names file and line.
        """
        has_list = (self.folder / "list_landmarks_celeba.txt").exists()
        return self._table("list_landmarks_celeba.txt", 10).reshape(-1, 5, 2) if has_list else None

    def _table(self, file_name: str, columns: int, values: tuple[str, ...] = ()) -> NDArray[np.float32]:
        """Numeric rows of a list file for the images of this partition: ``(N, columns)``; only ``values``, if any."""
        path = self.folder / file_name
        lines = _read_lines(path)
        rows = _rows_of(path, lines, header_lines=2, columns=columns)
        if values:
            _require_values(path, rows, "an attribute", values)
        missing = [name for name in self.names if name not in rows]
        if missing:
            raise DataError(f"{path} has no row for {missing[0]} ({len(missing)} rows missing)")
        _require_count(path, lines[0].strip(), rows)
        try:
            table = np.array([rows[name].values for name in self.names], dtype=np.float32)
        except ValueError as error:
            raise DataError(f"{path} has a value that is not a number: {error}") from error
        is_finite = np.isfinite(table).all(axis=1)
        if not is_finite.all():
            raise DataError(f"{path}, line {rows[self.names[int(is_finite.argmin())]].line}: a value is not finite")
        return table


def hair_labels(attributes: NDArray[np.bool_], names: list[str]) -> NDArray[np.int64]:
    """The hair colour for each row of CelebA attributes.

    The attributes are not mutually exclusive. A row gets a colour only if exactly one of Black/Brown/Blond/Gray_Hair is
    set, and neither Bald nor Wearing_Hat.

    Returns:
        ``(N,)`` int64: a ``HairColour``, or ``NO_HAIR_COLOUR``.
    """
    column = {name: attributes[:, position] for position, name in enumerate(names)}
    colours = np.stack([column[name] for name in _HAIR_ATTRIBUTES], axis=1)
    is_certain = (colours.sum(axis=1) == 1) & ~column["Bald"] & ~column["Wearing_Hat"]
    label_of_column = np.array(list(_HAIR_ATTRIBUTES.values()), dtype=np.int64)
    return np.where(is_certain, label_of_column[colours.argmax(axis=1)], NO_HAIR_COLOUR)


def attribute_labels(attributes: NDArray[np.bool_], names: list[str]) -> NDArray[np.int64]:
    """Glasses, beard and open mouth for each row of CelebA attributes.

    A beard is a ``Mustache``, a ``Goatee``, or the absence of ``No_Beard``. Stubble only (``5_o_Clock_Shadow``) counts
    as unknown, since a cartoon could be drawn either way. A mouth is open if it is ``Mouth_Slightly_Open``.

    Returns:
        ``(N, A)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``; ``UNKNOWN`` if the list lacks the columns.
    """
    column = {name: attributes[:, position] for position, name in enumerate(names)}
    labels = unknown_attributes(len(attributes))
    if "Eyeglasses" in column:
        labels[:, Attribute.GLASSES] = column["Eyeglasses"]
    if {"No_Beard", "Mustache", "Goatee", "5_o_Clock_Shadow"} <= column.keys():
        is_cut = column["Mustache"] | column["Goatee"]
        is_stubble = column["5_o_Clock_Shadow"] & ~is_cut & ~column["No_Beard"]
        labels[:, Attribute.BEARD] = np.where(is_stubble, UNKNOWN, is_cut | ~column["No_Beard"])
    if "Mouth_Slightly_Open" in column:
        labels[:, Attribute.OPEN_MOUTH] = column["Mouth_Slightly_Open"]
    return labels


class ListRow(NamedTuple):
    """One row of a list file: its line number, starting at 1, and the words after the image name."""

    line: int
    values: list[str]


def parse_rows(lines: Sequence[str], header_lines: int, columns: int) -> tuple[dict[str, ListRow], list[Problem]]:
    """The valid rows of a list file by image name, and the problems of the others."""
    rows: dict[str, ListRow] = {}
    problems: list[Problem] = []
    for number, line in enumerate(lines[header_lines:], start=header_lines + 1):
        name, *values = line.split() or [""]
        if not name:
            continue
        if len(values) != columns:
            problems.append(Problem(number, f"{len(values)} values, expected {columns}"))
        elif name in rows:
            problems.append(Problem(number, f"{name} has a row in line {rows[name].line} already"))
        else:
            rows[name] = ListRow(number, values)
    return rows, problems


def _read_lines(path: Path) -> list[str]:
    return read_lines(path, "is --root (--data.root) the folder with celeba/?")


def _require_values(path: Path, rows: dict[str, ListRow], what: str, values: tuple[str, ...]) -> None:
    """Raises an error at the first row with another value."""
    for row in rows.values():
        if wrong := [value for value in row.values if value not in values]:
            raise DataError(f"{path}, line {row.line}: {what} is '{wrong[0]}', expected {' or '.join(sorted(values))}")


def _read_header(path: Path) -> list[str]:
    """The column names in the second line of a list file."""
    lines = _read_lines(path)
    if len(lines) < 2:
        raise DataError(f"{path} ends before its header line")
    return lines[1].split()


def _rows_of(path: Path, lines: list[str], header_lines: int, columns: int) -> dict[str, ListRow]:
    """The rows of a list file by image name; raises an error if a row has the wrong length."""
    rows, problems = parse_rows(lines, header_lines, columns)
    raise_first(path, problems)
    return rows


def _require_count(path: Path, count: str, rows: dict[str, ListRow]) -> None:
    """Raises an error if a list does not have as many rows as its first line says."""
    if count != str(len(rows)):
        raise DataError(
            f"{path} should have {count} rows by its first line, but has {len(rows)}: get it again, or correct it"
        )
