"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from datamodules.errors import DataError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and rename it there; it is either whole or as it was before. Its folder is made.

    Args:
        path: The file.
        content: Text, written as UTF-8, or bytes.

    Raises:
        DataError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # where its folder is a file, for one
            part.unlink(missing_ok=True)
        raise DataError(f"cannot write {path}: {error.strerror}") from error
