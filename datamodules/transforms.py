"""Geometry of both domains: crops under which their faces lie alike, and the paper's augmentation (3.2.2)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.samples import Faces, RawFace

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # or importing it asks the network for a newer version

import albumentations as A
from albumentations.augmentations.crops.transforms import BaseCrop

CARTOON_CROP = 0.8
"""Central share of a cartoon's side that is kept; with it eyes and nose lie where they do in a square CelebA crop."""

LOAD_SCALE = 286 / 256
"""Photos are scaled to this multiple of the image size before a random crop (the CycleGAN recipe)."""

FLIP_ORDER = [1, 0, 2, 4, 3]
"""Landmark order after a mirror: left and right eye and mouth corner change places."""

_WHITE = 255


class FlipFace(A.HorizontalFlip):  # type: ignore[misc]  # albumentations has no types
    """Mirror an image and its five landmarks, which keep their order left to right as seen in the image."""

    def apply_to_keypoints(self, keypoints: NDArray[np.float32], **params: Any) -> NDArray[np.float32]:
        """Mirror the points and restore their order."""
        mirrored: NDArray[np.float32] = super().apply_to_keypoints(keypoints, **params)
        return mirrored[FLIP_ORDER]


class FaceTransform:
    """Turns a ``RawFace`` into ``Faces`` without batch axis; landmarks go through the same geometry as the image.

    Args:
        steps: Albumentations transforms; the last must leave a square image.
    """

    def __init__(self, steps: list[A.BasicTransform]) -> None:
        self._compose = A.Compose(steps, keypoint_params=A.KeypointParams(format="xy", remove_invisible=False))

    def __call__(self, face: RawFace, seed: int) -> Faces:
        """Transform one face; the same ``seed`` gives the same result in any process."""
        self._compose.set_random_seed(seed)
        result: Mapping[str, NDArray[Any]] = self._compose(image=face.image, keypoints=face.landmarks)
        return Faces(
            image=to_tensor(result["image"]),
            landmarks=torch.from_numpy(np.asarray(result["keypoints"], dtype=np.float32)),
            hair=torch.tensor(face.hair),
        )


def to_tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    """``(H, W, 3)`` uint8 RGB -> ``(3, H, W)`` float32 in [-1, 1]."""
    channels_first = np.ascontiguousarray(image.transpose(2, 0, 1))
    return torch.from_numpy(channels_first).float().div_(127.5).sub_(1.0)


def photo_transform(image_size: int, augment: bool) -> FaceTransform:
    """Largest central square (178 px of an aligned CelebA photo), scaled; ``augment`` adds random crop and mirror."""
    if not augment:
        return FaceTransform([_CentreSquare(), _resize(image_size)])
    load_size = round(image_size * LOAD_SCALE)
    return FaceTransform([_CentreSquare(), _resize(load_size), A.RandomCrop(image_size, image_size), FlipFace(p=0.5)])


def cartoon_transform(image_size: int, augment: bool) -> FaceTransform:
    """Central ``CARTOON_CROP`` of the side, scaled; ``augment`` adds the paper's 3.2.2, and a mirror.

    Paper 3.2.2: random translation (+-10 % of the crop's side), rotation within +-15 degrees and scale 1.0 to 1.3,
    under one matrix for image and landmarks, the border filled white.
    """
    crop_and_resize = [_CentreSquare(CARTOON_CROP), _resize(image_size)]
    if not augment:
        return FaceTransform(crop_and_resize)
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
    return FaceTransform([affine, *crop_and_resize, FlipFace(p=0.5)])


class _CentreSquare(BaseCrop):  # type: ignore[misc]  # albumentations has no types
    """Crop the central square whose side is ``share`` of the image's shorter side, whatever the image's size."""

    def __init__(self, share: float = 1.0) -> None:
        super().__init__(p=1.0)
        self.share = share

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        height, width = params["shape"][:2]
        side = round(min(height, width) * self.share)
        left, top = (width - side) // 2, (height - side) // 2
        return {"crop_coords": (left, top, left + side, top + side)}


def _resize(side: int) -> A.Resize:
    return A.Resize(side, side, interpolation=cv2.INTER_AREA)
