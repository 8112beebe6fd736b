"""Atomic file writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cartoonizer.atomic import replacing
from datamodules.errors import DataError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary file that replaces ``path`` at the end of the block; after an error ``path`` is unchanged.

    Args:
        path: The file. Its folder is created.

    Yields:
        A new path in the same folder.

    Raises:
        DataError: The file cannot be written.

    Example:
        >>> with whole_file(Path("table.csv")) as part:
        ...     part.write_text("a,b")
    """
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}") from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text, as UTF-8, or bytes; see ``whole_file``.

    Raises:
        DataError: The file cannot be written.
    """
    with whole_file(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
