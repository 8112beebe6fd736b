"""What the server takes on."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """Bounds that keep memory and time finite.

    Attributes:
        body: Bytes of a photo's file, counted as they are read.
        pixels: Pixels of a photo.
        faces: Faces of a photo that are drawn, largest first.
        seconds: How long a request may wait and be worked on.
        waiting: Requests that may wait; further ones are sent away.
        parallel: Requests that are worked on at the same time.
    """

    body: int = 16_000_000
    pixels: int = 24_000_000
    faces: int = 12
    seconds: float = 30.0
    waiting: int = 64
    parallel: int = field(default_factory=lambda: os.cpu_count() or 1)
