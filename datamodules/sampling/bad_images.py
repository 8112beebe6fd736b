"""Handling of unreadable images during training."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Literal

OnBadImage = Literal["stop", "skip"]
"""Stop the run with the file's name, or use the next face instead and report after the epoch."""


class BadImageLog:
    """Collects error messages from all processes of a run, including loader workers.

    They are exchanged through a file: single-write appends are atomic, and a slow reader never blocks a writer.
    """

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="bad_images_", suffix=".log")
        os.close(handle)
        self._path = Path(name)
        self._taken = 0

    def add(self, complaint: str) -> None:
        """Record one image; called from any process."""
        with self._path.open("ab", buffering=0) as file:
            file.write(complaint.replace("\n", " ").encode() + b"\n")

    def take(self) -> Counter[str]:
        """Messages recorded since the last call, with counts; called from a single process."""
        with self._path.open("rb") as file:
            file.seek(self._taken)
            new = file.read()
        whole_lines = new[: new.rfind(b"\n") + 1]
        self._taken += len(whole_lines)
        return Counter(whole_lines.decode().splitlines())

    def close(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
