"""A memory cache of decoded images with a size limit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Read = Callable[[Path], NDArray[np.uint8]]


class ImageMemory:
    """Reads images through a least-recently-used cache; each loader process has its own.

    Args:
        read: Decodes a file.
        megabytes: Maximum size of the cache; 0 disables it.
    """

    def __init__(self, read: Read, megabytes: float) -> None:
        self._read, self._limit = read, megabytes * 1e6
        self._images: OrderedDict[Path, NDArray[np.uint8]] = OrderedDict()
        self._held = 0

    def __call__(self, path: Path) -> NDArray[np.uint8]:
        """The image of a file; do not modify it."""
        image = self._images.get(path)
        if image is None:
            image = self._images[path] = self._read(path)
            self._held += image.nbytes
            while self._held > self._limit and self._images:
                self._held -= self._images.popitem(last=False)[1].nbytes
        else:
            self._images.move_to_end(path)
        return image
