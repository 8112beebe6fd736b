"""Atomic file writes."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from cartoonizer.errors import CartoonizerError


def write_whole(path: Path, content: bytes) -> None:
    """Write a temporary file in the same folder and rename it. The folder is created.

    Raises:
        CartoonizerError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # e.g. if the folder is a file
            part.unlink(missing_ok=True)
        raise CartoonizerError(f"cannot write {path}: {error.strerror}; choose another --out") from error
