"""Labels from a csv, for attributes other than hair colour.

A header, then one row per labelled face; faces without a row are unlabelled::

    domain,file,label
    photo,000001.jpg,1
    cartoon,cs10.png,0

``domain`` is photo or cartoon, ``file`` is relative to the folder of the set, with forward slashes, and ``label`` is
the class number, starting at 0, with the same meaning in both domains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from datamodules.datasets.annotations import Problem, raise_first, read_csv_rows
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, Domain, RawFace
from datamodules.source import FaceSource

COLUMNS = ["domain", "file", "label"]
HINT = "give a csv with --data.labels"

Labels = dict[str, dict[str, int]]
"""Domain -> file -> class."""


def read_label_csv(path: Path) -> Labels:
    """Read the labels of a csv.

    Raises:
        DataError: The file is missing or malformed; the message names the line.
    """
    labels: Labels = {domain: {} for domain in get_args(Domain)}
    problems: list[Problem] = []
    for number, row in read_csv_rows(path, COLUMNS, HINT):
        if len(row) != len(COLUMNS) or row[0] not in labels or not row[2].isdecimal():
            problems.append(Problem(number, f"expected photo or cartoon, a file, a number; found {','.join(row)}"))
        elif row[1] in labels[row[0]]:
            problems.append(Problem(number, f"{row[1]} has a row already"))
        else:
            labels[row[0]][row[1]] = int(row[2])
    raise_first(path, problems)
    return labels


class LabelOverride:
    """The same faces with the hair colours replaced by other labels; faces not listed are unlabelled.

    Args:
        faces: The faces.
        labels: File -> class.

    Raises:
        DataError: None of the faces has a label.
    """

    def __init__(self, faces: FaceSource, labels: Mapping[str, int]) -> None:
        self.names, self.attributes = faces.names, faces.attributes
        self.labels: NDArray[np.int64] = np.array(
            [labels.get(name, NO_HAIR_COLOUR) for name in faces.names], dtype=np.int64
        )
        self._faces = faces
        if (self.labels == NO_HAIR_COLOUR).all():
            raise DataError(f"--data.labels labels none of {len(faces)} faces such as {faces.names[0]}")

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> RawFace:
        return replace(self._faces[index], label=int(self.labels[index]))

    def fingerprint(self) -> str:
        """Changes with the faces and their labels."""
        return f"{self._faces.fingerprint()} {self.labels.tolist()}"
