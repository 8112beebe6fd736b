"""Group split of cartoons into training and held-out sets.

CartoonSet's heads are assembled from a small number of parts. To measure generalisation to unseen parts, entire
families of cartoons that share a part are held out.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from datamodules.datasets.annotations import read_lines
from datamodules.datasets.splits import digest, split_of
from datamodules.errors import DataError

SHARE_HELD_BACK = 0.2
"""Fraction of held-out families, selected by the hash of their names."""


def split_by_group(
    names: Sequence[str], families: Path | None = None, column: str = "eyes_source"
) -> tuple[list[str], list[str]]:
    """Split cartoons into training and held-out names.

    Args:
        names: Image files.
        families: A tab-separated table with a header, whose first column has the file names. Each unlisted file is a
            family by itself. Without a table, the test split of ``split_of`` is held out.
        column: The table's column that defines the families.

    Returns:
        Names for training, and held-out names.

    Raises:
        DataError: The table is missing or has no such column, or one side would be empty.
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
