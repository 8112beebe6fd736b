"""Which cartoons a training never sees.

CartoonSet's heads are put together from few parts. To measure what a network makes of parts that it does not know,
whole families of cartoons, those that share a part, are held back.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from datamodules.datasets.annotations import read_lines
from datamodules.datasets.splits import digest, split_of
from datamodules.errors import DataError

SHARE_HELD_BACK = 0.2
"""Of the families, by the hash of their names."""


def split_by_group(
    names: Sequence[str], families: Path | None = None, column: str = "eyes_source"
) -> tuple[list[str], list[str]]:
    """Deal cartoons out to training and to what is held back from it.

    Args:
        names: Image files.
        families: A table, tab-separated under a header, whose first column has the file names. A file that it does not
            list is of the family of its own name. Without it the test part of ``split_of`` is held back.
        column: What the members of a family share, as a column of it.

    Returns:
        Names for training, and names held back.

    Raises:
        DataError: The table is missing, or has no such column, or leaves one side without cartoons.
    """
    if families is None:
        held = {name for name in names if split_of(Path(name).name) == "test"}
    else:
        family_of = read_families(families, column)
        family = {name: family_of.get(Path(name).name, Path(name).name) for name in names}
        by_hash = sorted(set(family_of.values()), key=digest)
        chosen = set(by_hash[: max(1, round(SHARE_HELD_BACK * len(by_hash)))])
        held = {name for name in names if family[name] in chosen}
    kept = [name for name in names if name not in held]
    if families is not None and not (kept and held):
        raise DataError(f"{families}: its families leave no cartoons {'to hold back' if kept else 'for training'}")
    return kept, [name for name in names if name in held]


def read_families(path: Path, column: str) -> dict[str, str]:
    """The family of each file.

    Raises:
        DataError: The table is missing or has no such column.
    """
    rows = csv.DictReader(read_lines(path, "give the table of the cartoons' parts"), delimiter="\t")
    header = list(rows.fieldnames or [])
    if column not in header[1:]:
        raise DataError(f"{path} has no column '{column}'; it has {', '.join(header[1:]) or 'none'}")
    return {row[header[0]]: row[column] for row in rows}
