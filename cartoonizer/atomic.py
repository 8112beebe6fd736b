"""Atomic file writes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cartoonizer.errors import CartoonizerError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that replaces ``path`` at the end of the block; after an error ``path`` is unchanged.

    Args:
        path: The file. Its folder is created.

    Yields:
        A new path in the same folder.

    Raises:
        OSError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    finally:
        with suppress(OSError):  # e.g. if the folder is a file
            part.unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The same with an error for users; see ``replacing``.

    Raises:
        CartoonizerError: The file cannot be written.
    """
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        raise CartoonizerError(f"cannot write {path}: {error.strerror}; choose another --out") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file; see ``whole_file``.

    Raises:
        CartoonizerError: The file cannot be written.
    """
    with whole_file(path) as part:
        part.write_bytes(content)
