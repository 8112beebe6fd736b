"""A photo with the masks of what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError
from datamodules.images import read_rgb
from datamodules.samples import Preview


class MaskedPhoto(NamedTuple):
    """A photo and the two masks of it.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        masks: ``(H, W, 2)`` uint8, 255 the person and 255 the head.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.uint8]


class MaskedPhotos(Protocol):
    """The masked photos of one split, in a fixed order.

    Attributes:
        names: What tells the photos apart.
    """

    names: list[str]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> MaskedPhoto: ...


def preview_masks(photo: MaskedPhoto) -> Preview:
    """A photo with what is not the person darkened."""
    shade = 0.35 + 0.65 * photo.masks[..., :1].astype(np.float32) / 255
    return Preview((photo.image * shade).astype(np.uint8))


def read_mask(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A mask of a photo of this ``(H, W, ...)``, as ``(H, W)`` uint8.

    Raises:
        DataError: It is missing, damaged, or of another size.
    """
    mask = read_rgb(path)[..., 0]
    if mask.shape != shape[:2]:
        raise DataError(f"{path} is {mask.shape[1]}x{mask.shape[0]} pixels, its photo {shape[1]}x{shape[0]}")
    return mask
