"""Windows that the earlier stages accept as faces: hard examples for the next stage."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from datamodules.atomic import write_whole
from datamodules.detector.windows import NEGATIVE_BELOW, PART_FROM, Boxes, pairwise_iou
from datamodules.errors import DataError

MINED_FILE = "mined.npz"
"""File name in the run folder."""

NEGATIVES_OF_SCENE = 120
"""Maximum number of windows without a face per scene."""


@dataclass(frozen=True)
class MinedWindows:
    """Mined windows of several scenes.

    Attributes:
        scenes: (N,) int64, the scene of each window.
        windows: (N, 4) float32 edges of squares, which may exceed their image.
        faces: (N,) int64, the face of a positive or a part; -1 for a negative.
        overlaps: (N,) float32 IoU with that face.
        recipe: Hash of everything that affects the windows.
    """

    scenes: NDArray[np.int64]
    windows: Boxes
    faces: NDArray[np.int64]
    overlaps: NDArray[np.float32]
    recipe: str = ""

    def __len__(self) -> int:
        return len(self.scenes)

    def save(self, path: Path) -> None:
        """Write a ``.npz``, atomically."""
        buffer = BytesIO()
        np.savez(buffer, **vars(self))
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> MinedWindows:
        """Read a file of ``save``.

        Raises:
            DataError: The file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(file["scenes"], file["windows"], file["faces"], file["overlaps"], recipe=str(file["recipe"]))
        except (OSError, EOFError, BadZipFile, ValueError, KeyError) as error:
            raise DataError(f"{path} is damaged or contains no mined windows; remove it to mine them again") from error

    @classmethod
    def joined(cls, parts: list[MinedWindows]) -> MinedWindows:
        """Concatenate windows with the same recipe."""
        return cls(
            np.concatenate([part.scenes for part in parts]),
            np.concatenate([part.windows for part in parts]),
            np.concatenate([part.faces for part in parts]),
            np.concatenate([part.overlaps for part in parts]),
            parts[0].recipe,
        )


def classify_windows(scene: int, windows: Boxes, boxes: Boxes, is_target: NDArray[np.bool_]) -> MinedWindows:
    """Classify the windows found in a scene as negatives, parts and positives, by their overlap with its faces.

    Drops windows that overlap most with a face that is no target, windows between the kinds, and all negatives after
    the first ``NEGATIVES_OF_SCENE``.

    Args:
        scene: Index of the scene.
        windows: (N, 4) squares, best first.
        boxes: (M, 4) boxes of all faces.
        is_target: (M,) whether the face is a target.
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
