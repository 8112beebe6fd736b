"""Random geometric augmentation of framed images (paper 3.2.2)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.samples import Faces, RawFace
from datamodules.transforms.framing import CARTOON_CROP

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # no version check over the network on import

import albumentations as A

FLIP_ORDER = [1, 0, 2, 4, 3]
"""Landmark order after a horizontal flip: swaps left and right eyes and mouth corners."""

_WHITE = 255


class FlipFace(A.HorizontalFlip):  # type: ignore[misc]  # albumentations has no types
    """Horizontal flip of an image and its five landmarks, whose left-to-right order is preserved."""

    def apply_to_keypoints(self, keypoints: NDArray[np.float32], **params: Any) -> NDArray[np.float32]:
        """Flip the points and restore their order."""
        mirrored: NDArray[np.float32] = super().apply_to_keypoints(keypoints, **params)
        return mirrored[FLIP_ORDER]


class FaceTransform:
    """Turns a framed ``RawFace`` into ``Faces`` without batch axis, transforming image and landmarks alike.

    Unknown landmarks (NaN) stay unknown.

    Args:
        steps: Albumentations transforms; if empty, the frame is unchanged.
    """

    def __init__(self, steps: list[A.BasicTransform]) -> None:
        points = A.KeypointParams(format="xy", remove_invisible=False)
        self._compose = A.Compose(steps, keypoint_params=points) if steps else None

    def __call__(self, face: RawFace, seed: int) -> Faces:
        """Transform one face; the same ``seed`` gives the same result in any process."""
        if self._compose is None:
            return to_faces(face.image, face.landmarks, face)
        self._compose.set_random_seed(seed)
        is_known = ~np.isnan(face.landmarks).any()
        keypoints = face.landmarks if is_known else np.zeros_like(face.landmarks)
        result: Mapping[str, NDArray[Any]] = self._compose(image=face.image, keypoints=keypoints)
        landmarks = np.asarray(result["keypoints"], dtype=np.float32) if is_known else face.landmarks
        return to_faces(result["image"], landmarks, face)


def to_faces(image: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]], face: RawFace) -> Faces:
    """``Faces`` without batch axis: an image (H, W, 3) with its landmarks (5, 2), and the labels of ``face``."""
    points = torch.from_numpy(landmarks.astype(np.float32))
    return Faces(to_tensor(image), points, torch.tensor(face.label), torch.tensor(face.attributes))


def to_tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    """``(H, W, 3)`` uint8 RGB -> ``(3, H, W)`` float32 in [-1, 1]."""
    channels_first = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
    return channels_first.to(torch.float32, memory_format=torch.contiguous_format).div_(127.5).sub_(1.0)


def photo_transform(image_size: int, augment: bool) -> FaceTransform:
    """Transform from a framed photo to ``image_size`` px: the identity, or with ``augment`` random crop and flip."""
    return FaceTransform([A.RandomCrop(image_size, image_size), FlipFace(p=0.5)] if augment else [])


def cartoon_transform(image_size: int, augment: bool) -> FaceTransform:
    """Center crop of ``image_size`` px from a framed cartoon; ``augment`` adds a flip and the augmentation of 3.2.2.

    Paper 3.2.2: random translation (+-10 % of the image size), rotation within +-15 degrees and scale 1.0 to 1.3,
    as one matrix for image and landmarks, with a white border.
    """
    crop = A.CenterCrop(image_size, image_size)
    if not augment:
        return FaceTransform([crop])
    shift = 0.1 * CARTOON_CROP
    affine = A.Affine(
        scale=(1.0, 1.3),
        rotate=(-15, 15),
        translate_percent={"x": (-shift, shift), "y": (-shift, shift)},
        balanced_scale=False,
        keep_ratio=True,
        border_mode=cv2.BORDER_CONSTANT,
        fill=_WHITE,
        p=1.0,
    )
    return FaceTransform([affine, crop, FlipFace(p=0.5)])
