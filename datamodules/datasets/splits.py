"""Hash-based training, validation and test splits for sets without an official split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from datamodules.samples import SPLITS, Split

_PERCENTS: dict[Split, range] = {"train": range(0, 90), "val": range(90, 95), "test": range(95, 100)}


def split_of(name: str) -> Split:
    """The split of a file, 90 / 5 / 5 %, from a hash of its name.

    It is the same on every machine and does not change when files are added.
    """
    percent = int.from_bytes(digest(name)[:4]) % 100
    return next(split for split, percents in _PERCENTS.items() if percent in percents)


def deal_splits(names: Iterable[str]) -> dict[Split, list[str]]:
    """Split names by ``split_of``, ensuring non-empty splits for three or more names.

    An empty split gets the name with the largest hash from the largest split; this choice can change when names are
    added.

    Returns:
        Sorted names per split.
    """
    parts: dict[Split, list[str]] = {split: [] for split in SPLITS}
    for name in sorted(names):
        parts[split_of(name)].append(name)
    for part in parts.values():
        largest = max(parts.values(), key=len)
        if not part and len(largest) > 1:
            name = max(largest, key=digest)
            largest.remove(name)
            part.append(name)
    return parts


def digest(name: str) -> bytes:
    """Hash of a name, the same on every machine."""
    return hashlib.sha256(name.encode()).digest()
