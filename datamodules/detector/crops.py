"""Training crops of a detector stage, all of the same size, with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.detector.scenes import Scene
from datamodules.detector.windows import Boxes, to_whole_pixels
from datamodules.transforms.augment import FLIP_ORDER

FACE, NO_FACE, UNLABELED = 1, 0, -1
"""Classification labels; an unlabelled crop only teaches a box or landmarks."""


class Crops(NamedTuple):
    """A batch of B crops.

    Attributes:
        image: (B, 3, side, side) uint8 RGB, channels last in memory.
        face: (B,) int64: FACE, NO_FACE or UNLABELED.
        box: (B, 4) float32 offsets of the face's x1, y1, x2, y2 from the crop's, relative to its side; NaN if unknown.
        landmarks: (B, 5, 2) float32 from the crop's upper left corner, relative to its side; NaN if unknown. 0 and 1
            are its edges: a landmark at the centre of the image's pixel column c is (c + 0.5 - x1) / side.
    """

    image: Tensor
    face: Tensor
    box: Tensor
    landmarks: Tensor


@dataclass(frozen=True)
class CropList:
    """Crops in NumPy, before augmentation; values as in `Crops`.

    Attributes:
        image: (B, side, side, 3) uint8 RGB.
        face: (B,).
        box: (B, 4).
        landmarks: (B, 5, 2).
    """

    image: NDArray[np.uint8]
    face: NDArray[np.int64]
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.image)


def background_crops(scene: Scene, windows: Boxes, side: int) -> CropList:
    """Crops without a face."""
    windows = to_whole_pixels(windows)
    count = len(windows)
    unknown = np.full((count, 4), np.nan, np.float32), np.full((count, 5, 2), np.nan, np.float32)
    return CropList(cut(scene.image, windows, side), np.full(count, NO_FACE), *unknown)


def box_crops(scene: Scene, face: int, windows: Boxes, side: int, label: int) -> CropList:
    """Crops labelled with a face's box.

    Args:
        scene: The image.
        face: Index of the face in the scene.
        windows: (N, 4).
        side: Side of the crops in pixels.
        label: FACE for positives, UNLABELED for parts.
    """
    windows = to_whole_pixels(windows)
    sides = _sides(windows)
    box = (scene.boxes[face] - windows) / sides[:, None]
    landmarks = np.full((len(windows), 5, 2), np.nan, np.float32)
    return CropList(cut(scene.image, windows, side), np.full(len(windows), label), box, landmarks)


def landmark_crops(scene: Scene, face: int, windows: Boxes, side: int, label: int = UNLABELED) -> CropList:
    """Crops labelled with a face's landmarks, without a box; FACE also teaches the classification."""
    windows = to_whole_pixels(windows)
    sides = _sides(windows)
    landmarks = (scene.landmarks[face] + np.float32(0.5) - windows[:, None, :2]) / sides[:, None, None]
    box = np.full((len(windows), 4), np.nan, np.float32)
    return CropList(cut(scene.image, windows, side), np.full(len(windows), label), box, landmarks)


def cut(image: NDArray[np.uint8], windows: Boxes, side: int) -> NDArray[np.uint8]:
    """Cut out windows of whole pixels and resize them; the image border is replicated.

    Args:
        image: (H, W, 3).
        windows: (N, 4) edges, see `to_whole_pixels`.
        side: Side of the crops in pixels.

    Returns:
        (N, side, side, 3).
    """
    crops = np.empty((len(windows), side, side, 3), dtype=np.uint8)
    height, width = image.shape[:2]
    for crop, (left, top, right, bottom) in zip(crops, windows.astype(int).tolist(), strict=True):
        if left >= 0 and top >= 0 and right <= width and bottom <= height:
            piece = image[top:bottom, left:right]
        else:
            rows = np.arange(top, bottom).clip(0, height - 1)
            piece = image[rows[:, None], np.arange(left, right).clip(0, width - 1)]
        interpolation = cv2.INTER_AREA if right - left > side else cv2.INTER_LINEAR
        cv2.resize(piece, (side, side), dst=crop, interpolation=interpolation)
    return crops


def take(crops: CropList, chosen: NDArray[np.int64]) -> CropList:
    """The crops at the given indices."""
    return CropList(crops.image[chosen], crops.face[chosen], crops.box[chosen], crops.landmarks[chosen])


def join(parts: Sequence[CropList]) -> CropList:
    """Concatenate lists of crops."""
    return CropList(
        np.concatenate([part.image for part in parts]),
        np.concatenate([part.face for part in parts]),
        np.concatenate([part.box for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
    )


def mirror(crops: CropList, which: NDArray[np.bool_]) -> CropList:
    """Mirror some of the crops. This is exact: coordinates are relative to the edges, so x' = 1 - x.

    Args:
        crops: All crops.
        which: (B,) the ones to mirror.
    """
    image = np.where(which[:, None, None, None], crops.image[:, :, ::-1], crops.image)
    box = np.where(which[:, None], crops.box[:, [2, 1, 0, 3]] * np.array([-1, 1, -1, 1], dtype=np.float32), crops.box)
    flipped = np.stack((1 - crops.landmarks[..., 0], crops.landmarks[..., 1]), axis=2)[:, FLIP_ORDER]
    landmarks = np.where(which[:, None, None], flipped, crops.landmarks)
    return CropList(image, crops.face, box, landmarks.astype(np.float32))


def recolour(images: NDArray[np.uint8], strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Vary contrast, brightness and colour balance of each crop.

    Args:
        images: (B, side, side, 3).
        strength: Maximum relative change.
        rng: Random generator.
    """
    count = len(images)
    gain = 1 + rng.uniform(-strength, strength, size=(count, 1, 1, 3)) / 2
    gain = (gain * (1 + rng.uniform(-strength, strength, size=(count, 1, 1, 1)))).astype(np.float32)
    bias = rng.uniform(-strength, strength, size=(count, 1, 1, 1)).astype(np.float32) * 127.5
    changed = (images - np.float32(127.5)) * gain + (np.float32(127.5) + bias)
    return np.asarray(np.clip(changed, 0, 255), dtype=np.uint8)


def to_batch(crops: CropList) -> Crops:
    """Convert to the tensors of a batch."""
    return Crops(
        torch.from_numpy(crops.image).permute(0, 3, 1, 2),
        torch.from_numpy(crops.face.astype(np.int64)),
        torch.from_numpy(crops.box.astype(np.float32)),
        torch.from_numpy(crops.landmarks.astype(np.float32)),
    )


def _sides(windows: Boxes) -> NDArray[np.float32]:
    return np.asarray(windows[:, 2] - windows[:, 0], dtype=np.float32)
