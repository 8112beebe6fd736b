"""A copy of a CartoonSet in which some mouths are closed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.datasets.cartoonset import CLOSED_MOUTH, MOUTHS, OPEN_MOUTH, read_attributes
from datamodules.datasets.redrawn import cartoons_to_copy, copy_redrawn
from datamodules.errors import DataError
from datamodules.images import read_rgba
from datamodules.transforms.mouths import BENDS, with_closed_mouth


def copy_with_closed_mouths(cartoons: Path, out: Path, share: float = 0.5) -> tuple[int, int]:
    """Copy a CartoonSet, with some of its open mouths closed. A line ``"mouth"`` in each csv says which are.

    All heads of the published set show their teeth, while half of the people in photos do not.

    Args:
        cartoons: Folder of a CartoonSet in its published framing.
        out: Folder to write. Images that need no change are hard links, or copies on another file system.
        share: Fraction of the open mouths that are closed, from 0 to 1. The file names decide which.

    Returns:
        The number of mouths that were closed, and of all.

    Raises:
        DataError: There are no cartoons, a file cannot be read or written, or ``out`` exists.
    """
    if not 0 <= share <= 1:
        raise DataError(f"--share is {share}, must be from 0 to 1")

    names = cartoons_to_copy(cartoons, out)
    tables = {name: read_attributes((cartoons / name).with_suffix(".csv")) for name in names}
    opened = {name for name, table in tables.items() if table.get("mouth", OPEN_MOUTH) != CLOSED_MOUTH}
    chosen = {name for name in opened if _number(name) / 2**32 < share}

    def closed(name: str) -> NDArray[np.uint8] | None:
        bend = BENDS[_number(name) % len(BENDS)]
        return with_closed_mouth(read_rgba(cartoons / name), bend) if name in chosen else None

    def with_line(name: str, table: str) -> str:
        others = [line for line in table.splitlines() if not line.startswith('"mouth"')]
        mouth = OPEN_MOUTH if name in opened and name not in chosen else CLOSED_MOUTH
        return "\n".join([*others, f'"mouth", {mouth}, {MOUTHS}']) + "\n"

    return copy_redrawn(cartoons, out, names, closed, with_line)


def _number(name: str) -> int:
    """A number from 0 to 2**32 - 1 for a file name."""
    return int.from_bytes(hashlib.sha256(Path(name).name.encode()).digest()[:4], "big")
