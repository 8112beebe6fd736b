"""Resource limits of the server."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """Limits of memory and time.

    Attributes:
        body: Maximum size of a photo's file in bytes, checked while reading.
        pixels: Maximum number of pixels of a photo.
        faces: Maximum number of drawn faces per photo, largest first.
        seconds: Maximum time of a request, including its upload and waiting.
        waiting: Maximum number of waiting requests; others are rejected.
        parallel: Number of requests processed in parallel.
    """

    body: int = 16_000_000
    pixels: int = 24_000_000
    faces: int = 12
    seconds: float = 30.0
    waiting: int = 64
    parallel: int = field(default_factory=lambda: os.cpu_count() or 1)
