"""Windows that the stages before took for faces: what the next stage has to tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.atomic import write_whole
from datamodules.detector.windows import NEGATIVE_BELOW, PART_FROM, POSITIVE_FROM, Boxes, pairwise_iou
from datamodules.errors import DataError

MINED_FILE = "mined.npz"
"""Its place in a run's home."""

NEGATIVES_OF_SCENE = 120
"""At most so many windows without a face are kept of a scene."""


@dataclass(frozen=True)
class MinedWindows:
    """Mined windows of several scenes.

    Attributes:
        scenes: (N,) int64, the scene of each window.
        windows: (N, 4) float32 edges of squares, which may leave their image.
        faces: (N,) int64, the face that a positive or a part belongs to; -1 for a negative.
        overlaps: (N,) float32 IoU with that face.
        recipe: By what they were mined; another recipe would give others.
    """

    scenes: NDArray[np.int64]
    windows: Boxes
    faces: NDArray[np.int64]
    overlaps: NDArray[np.float32]
    recipe: str = ""

    def __len__(self) -> int:
        return len(self.scenes)

    def counts(self) -> dict[str, int]:
        """How many windows there are of each kind."""
        positive = self.overlaps >= POSITIVE_FROM
        return {
            "negative": int((self.faces < 0).sum()),
            "part": int(((self.faces >= 0) & ~positive).sum()),
            "positive": int(positive.sum()),
        }

    def save(self, path: Path) -> None:
        """Write all or nothing to a ``.npz``."""
        buffer = BytesIO()
        np.savez(buffer, **vars(self))
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> MinedWindows:
        """Read what ``save`` wrote.

        Raises:
            DataError: The file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(file["scenes"], file["windows"], file["faces"], file["overlaps"], recipe=str(file["recipe"]))
        except (OSError, ValueError, KeyError) as error:
            raise DataError(f"{path} holds no mined windows, or is damaged; remove it to have it made again") from error

    @classmethod
    def joined(cls, parts: list[MinedWindows]) -> MinedWindows:
        """All windows of several by one recipe."""
        return cls(
            np.concatenate([part.scenes for part in parts]),
            np.concatenate([part.windows for part in parts]),
            np.concatenate([part.faces for part in parts]),
            np.concatenate([part.overlaps for part in parts]),
            parts[0].recipe,
        )


def sort_out(scene: int, windows: Boxes, boxes: Boxes, is_target: NDArray[np.bool_]) -> MinedWindows:
    """Sort the windows that were found in a scene by their overlap with its faces.

    What overlaps best with a face that is no target, and what lies between the kinds, is left out, and of the negatives
    all but the first ``NEGATIVES_OF_SCENE``.

    Args:
        scene: Number of the scene.
        windows: (N, 4) squares, best first.
        boxes: (M, 4) of all faces.
        is_target: (M,) whether a face is to be found.
    """
    overlaps = pairwise_iou(windows, boxes)
    best = overlaps.argmax(axis=1) if len(boxes) else np.zeros(len(windows), dtype=np.int64)
    overlap = overlaps.max(axis=1, initial=0.0)
    is_negative = overlap < NEGATIVE_BELOW
    is_negative &= is_negative.cumsum() <= NEGATIVES_OF_SCENE
    is_of_face = (overlap >= PART_FROM) & (is_target[best] if len(boxes) else False)
    kept = is_negative | is_of_face
    faces = np.where(is_negative, -1, best)[kept].astype(np.int64)
    return MinedWindows(np.full(int(kept.sum()), scene, dtype=np.int64), windows[kept], faces, overlap[kept])
