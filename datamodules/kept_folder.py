"""Cached folders: built atomically by one process while others wait, and rebuilt when their source changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from datamodules.errors import DataError


@contextmanager
def kept_folder(folder: Path, name: str, fingerprint: str, fill: Callable[[Path], None]) -> Iterator[Path]:
    """The cached folder for a name and fingerprint, built if missing. Open its files inside the ``with`` block.

    Folders with the same name and another fingerprint are deleted.

    Args:
        folder: Folder of the caches; created if missing.
        name: Cache name.
        fingerprint: Hash of the source data.
        fill: Fills an empty folder.

    Raises:
        DataError: The folder cannot be written.
    """
    path = folder / f"{name}-{fingerprint[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write the cache {folder}: {error.strerror}") from error
    with FileLock(folder / f".{name}.lock"):  # one process builds, others wait; protects open folders from removal
        if not path.is_dir():
            whole_folder(path, fill)
            for other in folder.glob(f"{name}-*"):
                if other != path:
                    shutil.rmtree(other, ignore_errors=True)
        yield path


def check_room(folder: Path, needed: int) -> None:
    """Check that a folder's disk has enough free space.

    Raises:
        DataError: Fewer than ``needed`` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"a cache of {needed / 1e9:.1f} GB does not fit into {folder.parent} ({free / 1e9:.1f} GB free)"
        )


def whole_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Fill a temporary folder and rename it to ``path``, which is absent or empty; nothing is left after an error."""
    part = path.with_name(f"{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        fill(part)
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
