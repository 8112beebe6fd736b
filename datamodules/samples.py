"""What travels from a data set to a network: typed samples and batches.

House line: images are ``(B, 3, H, W)`` float32 RGB in [-1, 1]; landmarks are ``(B, 5, 2)`` float32 pixels of that
image, x then y, in the order left eye, right eye, nose, left mouth corner, right mouth corner as seen in the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

Domain = Literal["photo", "cartoon"]
"""The two sides of the translation."""

Split = Literal["train", "val", "test"]
"""The parts of a data set."""

SPLITS: tuple[Split, ...] = get_args(Split)


class HairColour(IntEnum):
    """The four hair colours of the paper (3.2.1), in the order of the one-hot label."""

    BLACK = 0
    BROWN = 1
    BLONDE = 2
    GREY = 3


NO_HAIR_COLOUR = -1
"""Label of a face that is of none of the four colours, or of several."""


UNKNOWN_GLASSES = -1
"""Label of a face of which it is not known whether it has glasses."""


@dataclass(frozen=True)
class RawFace:
    """One face as it lies on disk.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        landmarks: ``(5, 2)`` float32 pixels of ``image``; NaN where they are unknown.
        label: Its class: a ``HairColour``, or ``NO_HAIR_COLOUR``; of ``--data.labels`` another one.
        path: The image file.
        glasses: 1 with glasses, 0 without, or ``UNKNOWN_GLASSES``.
    """

    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    label: int
    path: Path
    glasses: int = UNKNOWN_GLASSES


class Preview(NamedTuple):
    """A sample of any set as a picture.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        boxes: ``(N, 4)`` pixels: x1, y1, x2, y2; None where the set has none.
        points: ``(5, 2)`` pixels; None where the set has none.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32] | None = None
    points: NDArray[np.float32] | None = None


def preview_face(face: RawFace) -> Preview:
    """A face with its landmarks."""
    return Preview(face.image, points=face.landmarks)


class Faces(NamedTuple):
    """Faces of one domain as networks take them: a batch of B, or without the batch axis a single one.

    Attributes:
        image: ``(B, 3, H, W)`` float32 RGB in [-1, 1].
        landmarks: ``(B, 5, 2)`` float32 pixels of ``image``; NaN where they are unknown.
        label: ``(B,)`` int64, a ``HairColour`` or ``NO_HAIR_COLOUR``; of ``--data.labels`` another class.
        glasses: ``(B,)`` int64: 1 with glasses, 0 without, or ``UNKNOWN_GLASSES``.
    """

    image: Tensor
    landmarks: Tensor
    label: Tensor
    glasses: Tensor


class UnpairedBatch(NamedTuple):
    """As many photos as cartoons, which have nothing to do with each other."""

    photo: Faces
    cartoon: Faces


class Photos(NamedTuple):
    """Photos to be translated: a batch of B, or without the batch axis a single one.

    Attributes:
        image: ``(B, 3, H, W)`` float32 RGB in [-1, 1].
        name: B paths relative to the folder that the photos came from; of a single one its path.
    """

    image: Tensor
    name: Sequence[str]


def parse_split(text: str) -> Split:
    """The part of a data set that a word names.

    Raises:
        DataError: It names none.
    """
    for split in get_args(Split):
        if text == split:
            return text  # type: ignore[return-value]  # mypy does not narrow by comparison with a variable
    raise DataError(f"unknown split '{text}'; expected {', '.join(get_args(Split))}")
