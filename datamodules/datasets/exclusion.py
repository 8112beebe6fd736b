"""Faces to exclude from training, from a csv: bad photos, or unwanted cartoons.

A header, then one row per face::

    domain,file
    photo,000123.jpg
    cartoon,cs10.png

``domain`` is photo or cartoon, ``file`` is relative to the folder of the set, with forward slashes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import get_args

from datamodules.atomic import write_whole
from datamodules.datasets.annotations import Problem, raise_first, read_csv_rows
from datamodules.errors import DataError
from datamodules.samples import Domain
from datamodules.sampling.hair_index import ChosenFaces
from datamodules.source import FaceSource

COLUMNS = ["domain", "file"]


def read_exclusions(path: Path) -> dict[str, set[str]]:
    """The files of each domain that a csv lists.

    Raises:
        DataError: The file is missing or malformed; the message names the line.
    """
    files: dict[str, set[str]] = {domain: set() for domain in get_args(Domain)}
    problems: list[Problem] = []
    for number, row in read_csv_rows(path, COLUMNS, "give a csv with --data.exclude"):
        if len(row) != len(COLUMNS) or row[0] not in files:
            problems.append(Problem(number, f"expected photo or cartoon, and a file; found {','.join(row)}"))
        else:
            files[row[0]].add(row[1])
    raise_first(path, problems)
    return files


def write_exclusions(path: Path, files: Mapping[Domain, Iterable[str]]) -> None:
    """Write a csv for ``read_exclusions``, atomically.

    Raises:
        DataError: The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *([domain, file] for domain, names in files.items() for file in sorted(names))])
    write_whole(path, text.getvalue())


def without(faces: FaceSource, files: Collection[str]) -> FaceSource:
    """All faces except those of the given files.

    Raises:
        DataError: No face is left.
    """
    if not files:
        return faces
    kept = [index for index, name in enumerate(faces.names) if name not in files]
    if not kept:
        raise DataError(f"--data.exclude leaves none of {len(faces)} faces such as {faces.names[0]}")
    return ChosenFaces(faces, kept)
