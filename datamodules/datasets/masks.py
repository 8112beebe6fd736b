"""Photos with person and head masks."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError
from datamodules.images import read_rgb
from datamodules.samples import Preview


class MaskedPhoto(NamedTuple):
    """A photo and its two masks.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        masks: ``(H, W, 2)`` uint8: person and head, 255 inside.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.uint8]


class MaskedPhotos(Protocol):
    """The masked photos of one split, in a fixed order.

    Attributes:
        names: Unique names of the photos.
    """

    names: list[str]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> MaskedPhoto: ...


def preview_masks(photo: MaskedPhoto) -> Preview:
    """A photo with the background darkened."""
    shade = 0.35 + 0.65 * photo.masks[..., :1].astype(np.float32) / 255
    return Preview((photo.image * shade).astype(np.uint8))


def read_mask(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read a mask ``(H, W)`` uint8 for a photo of the given shape ``(H, W, ...)``.

    Raises:
        DataError: The mask is missing, damaged, or has a different size.
    """
    mask = read_rgb(path)[..., 0]
    if mask.shape != shape[:2]:
        raise DataError(f"{path} is {mask.shape[1]}x{mask.shape[0]} pixels, its photo {shape[1]}x{shape[0]}")
    return mask
