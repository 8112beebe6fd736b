"""What happens to images that cannot be read during training."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Literal

OnBadImage = Literal["stop", "skip"]
"""End the run naming the file, or draw the next face instead and report at the epoch's end."""


class BadImageLog:
    """Collects complaints from any process of a run, among them the loader's.

    They travel through a file: a line appended in one write is never torn, and a reader that lags blocks nobody.
    """

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="bad_images_", suffix=".log")
        os.close(handle)
        self._path = Path(name)
        self._taken = 0

    def add(self, complaint: str) -> None:
        """Note one image; called in whatever process met it."""
        with self._path.open("ab", buffering=0) as file:
            file.write(complaint.replace("\n", " ").encode() + b"\n")

    def take(self) -> Counter[str]:
        """What was noted since the last time, and how often; called by one process alone."""
        with self._path.open("rb") as file:
            file.seek(self._taken)
            new = file.read()
        whole_lines = new[: new.rfind(b"\n") + 1]
        self._taken += len(whole_lines)
        return Counter(whole_lines.decode().splitlines())

    def close(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
