"""Whether faces wear glasses, as far as the sets say so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.samples import UNKNOWN_GLASSES
from datamodules.source import FaceSource


def glasses_of(faces: FaceSource) -> NDArray[np.int64]:
    """``(N,)`` for each face 1 with glasses, 0 without, ``UNKNOWN_GLASSES`` where its set does not say."""
    known: NDArray[np.int64] | None = getattr(faces, "glasses", None)
    return np.full(len(faces), UNKNOWN_GLASSES, dtype=np.int64) if known is None else known
