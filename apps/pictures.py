"""Writing pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datamodules.atomic import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def write_png(image: NDArray[np.uint8], path: Path) -> None:
    """Writes a picture, finished or not at all.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        path: The file; its folder is made.
    """
    import cv2

    is_written, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert is_written, "PNG encoding of a uint8 image cannot fail"
    write_whole(path, encoded.tobytes())
