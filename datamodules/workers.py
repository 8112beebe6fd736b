"""What every loader process does first."""

from __future__ import annotations

import cv2


def one_thread(worker: int) -> None:
    """Loader processes share the cores between them; OpenCV must not take all of them in each."""
    del worker
    cv2.setNumThreads(0)
