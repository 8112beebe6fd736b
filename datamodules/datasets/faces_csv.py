"""``faces.csv``: annotations of the photos in a folder.

A header, then one row per annotated photo; all columns except ``file`` are optional and may be empty::

    file,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5,hair,glasses,beard,open_mouth
    anna/1.jpg,70.5,112,108,111.5,89,130,74,151,106,150.5,brown,no,no,yes
    anna/2.jpg,,,,,,,,,,,grey,,yes,

``file`` is relative to the folder of the csv, with forward slashes. The points are left eye, right eye, nose, left and
right mouth corner as seen in the image, in pixels of the upright image; either all five or none. ``hair`` is black,
brown, blonde or grey; ``glasses``, ``beard`` and ``open_mouth`` (one that shows teeth) are yes or
no.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.atomic import whole_file
from datamodules.datasets.annotations import parse_finite
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, UNKNOWN, Attribute, HairColour, unknown_attributes

FACES_CSV = "faces.csv"

_COORDINATES = [f"{axis}{number}" for number in range(1, 6) for axis in "xy"]
_ATTRIBUTES = [attribute.name.lower() for attribute in Attribute]
_COLUMNS = ["file", *_COORDINATES, "hair", *_ATTRIBUTES]
_VALUES = {"": UNKNOWN, "no": 0, "yes": 1}
_COLOURS = {colour.name.lower(): colour for colour in HairColour}


def no_landmarks() -> NDArray[np.float32]:
    """Five unknown landmarks: ``(5, 2)`` float32 of NaN."""
    return np.full((5, 2), np.nan, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class FaceAnnotation:
    """Annotations of one photo.

    Attributes:
        landmarks: ``(5, 2)`` float32 pixels; all NaN if unknown.
        hair: A ``HairColour``, or ``NO_HAIR_COLOUR``.
        attributes: ``(A,)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.
    """

    landmarks: NDArray[np.float32] = field(default_factory=no_landmarks)
    hair: int = NO_HAIR_COLOUR
    attributes: NDArray[np.int64] = field(default_factory=unknown_attributes)

    @property
    def has_landmarks(self) -> bool:
        """Whether the landmarks are known."""
        return bool(np.isfinite(self.landmarks).all())


def read_annotations(path: Path) -> dict[str, FaceAnnotation]:
    """The annotations in a csv by file name; empty if there is no csv.

    Raises:
        DataError: The csv is malformed; the message names it and the line.
    """
    annotations: dict[str, FaceAnnotation] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(reader.fieldnames or [], path)
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                name, annotation = _parse_row(row, where)
                if name in annotations:
                    raise DataError(f"{where}: {name} has a row already")
                annotations[name] = annotation
    except FileNotFoundError:
        return {}
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.reader.line_num}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    return annotations


def write_annotations(path: Path, annotations: Mapping[str, FaceAnnotation]) -> None:
    """Add annotations to a csv, atomically.

    Existing rows of the same files are replaced entirely, so to change a single value, start from
    ``read_annotations``; all other rows are kept. Rows are sorted by file.

    Raises:
        DataError: The existing csv is malformed, or the folder is not writable.
    """
    merged = read_annotations(path) | dict(annotations)
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        known = [any(row.attributes[number] != UNKNOWN for row in merged.values()) for number in Attribute]
        is_kept = [True] * (len(_COLUMNS) - len(known)) + known
        rows = (_format_row(name, merged[name]) for name in sorted(merged))
        writer.writerows(list(compress(row, is_kept)) for row in (_COLUMNS, *rows))


def _check_header(columns: Sequence[str], path: Path) -> None:
    unknown = [column for column in columns if column not in _COLUMNS]
    points = [column for column in columns if column in _COORDINATES]
    is_whole = "file" in columns and len(points) in (0, len(_COORDINATES)) and len(set(columns)) == len(columns)
    if unknown or not is_whole:
        raise DataError(
            f"{path}, line 1: the columns are {','.join(columns)}, expected file, and where known"
            f" {','.join(_COORDINATES)}, hair, {' and '.join(_ATTRIBUTES)}"
        )


def _parse_row(row: Mapping[str, str | None], where: str) -> tuple[str, FaceAnnotation]:
    if None in row or None in row.values():
        raise DataError(f"{where}: {'more' if None in row else 'fewer'} values than columns")
    words = {column: (word or "").strip() for column, word in row.items()}
    if not words["file"]:
        raise DataError(f"{where}: no file is named")
    colour = words.get("hair", "").lower()
    if colour and colour not in _COLOURS:
        raise DataError(f"{where}: the hair is '{colour}', expected {', '.join(_COLOURS)} or nothing")
    attributes = unknown_attributes()
    for number, name in enumerate(_ATTRIBUTES):
        if (word := words.get(name, "").lower()) not in _VALUES:
            raise DataError(f"{where}: {name} is '{word}', expected yes, no or nothing")
        attributes[number] = _VALUES[word]
    hair = _COLOURS.get(colour, NO_HAIR_COLOUR)
    return words["file"], FaceAnnotation(_parse_landmarks(words, where), hair, attributes)


def _parse_landmarks(words: Mapping[str, str], where: str) -> NDArray[np.float32]:
    coordinates = [words.get(column, "") for column in _COORDINATES]
    if not any(coordinates):
        return no_landmarks()
    values = parse_finite(coordinates)
    if values is None:
        raise DataError(f"{where}: the points are {','.join(coordinates)}, expected ten finite numbers or nothing")
    return np.array(values, dtype=np.float32).reshape(5, 2)


def _format_row(name: str, annotation: FaceAnnotation) -> list[str]:
    coordinates = [str(value) if annotation.has_landmarks else "" for value in annotation.landmarks.flat]
    hair = "" if annotation.hair == NO_HAIR_COLOUR else HairColour(annotation.hair).name.lower()
    words = {value: word for word, value in _VALUES.items()}
    return [name, *coordinates, hair, *(words[int(value)] for value in annotation.attributes)]
