"""Typed samples and batches, from data sets to networks.

Conventions: images are ``(B, 3, H, W)`` float32 RGB in [-1, 1]; landmarks are ``(B, 5, 2)`` float32 pixels of that
image, x then y, in the order left eye, right eye, nose, left mouth corner, right mouth corner as seen in the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

Domain = Literal["photo", "cartoon"]
"""The two domains of the translation."""

Split = Literal["train", "val", "test"]
"""The splits of a data set."""

SPLITS: tuple[Split, ...] = get_args(Split)


class HairColour(IntEnum):
    """The four hair colours of the paper (3.2.1), in the order of the one-hot label."""

    BLACK = 0
    BROWN = 1
    BLONDE = 2
    GREY = 3


NO_HAIR_COLOUR = -1
"""Label of a face with none of the four colours, or with an ambiguous one."""


class Attribute(IntEnum):
    """Binary attributes of a face, in the order of their columns; the same as ``networks.labels.ATTRIBUTES``."""

    GLASSES = 0
    BEARD = 1
    OPEN_MOUTH = 2


AttributeName = Literal["glasses", "beard", "open_mouth"]
"""Names of the attributes, for options."""

UNKNOWN = -1
"""Value of an attribute that is unknown; otherwise it is 1 or 0."""


def unknown_attributes(count: int | None = None) -> NDArray[np.int64]:
    """Unknown attributes: ``(count, A)`` int64, or without a count those of one face, ``(A,)``."""
    return np.full((len(Attribute),) if count is None else (count, len(Attribute)), UNKNOWN, dtype=np.int64)


@dataclass(frozen=True)
class RawFace:
    """One face as stored on disk.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        landmarks: ``(5, 2)`` float32 pixels of ``image``; NaN where they are unknown.
        label: Its class: a ``HairColour`` or ``NO_HAIR_COLOUR``, or a class from ``--data.labels``.
        path: The image file.
        attributes: ``(A,)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.
    """

    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    label: int
    path: Path
    attributes: NDArray[np.int64] = field(default_factory=unknown_attributes)


class Preview(NamedTuple):
    """A sample of any data set, ready to be drawn.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        boxes: ``(N, 4)`` pixels: x1, y1, x2, y2; None if the set has none.
        points: ``(5, 2)`` pixels; None if the set has none.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32] | None = None
    points: NDArray[np.float32] | None = None


def preview_face(face: RawFace) -> Preview:
    """A face with its landmarks."""
    return Preview(face.image, points=face.landmarks)


class Faces(NamedTuple):
    """Faces of one domain in network format: a batch of B, or a single face without the batch axis.

    Attributes:
        image: ``(B, 3, H, W)`` float32 RGB in [-1, 1].
        landmarks: ``(B, 5, 2)`` float32 pixels of ``image``; NaN where they are unknown.
        label: ``(B,)`` int64: a ``HairColour`` or ``NO_HAIR_COLOUR``, or a class from ``--data.labels``.
        attributes: ``(B, A)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.
    """

    image: Tensor
    landmarks: Tensor
    label: Tensor
    attributes: Tensor


class UnpairedBatch(NamedTuple):
    """Equally many photos and cartoons, unpaired."""

    photo: Faces
    cartoon: Faces


class Photos(NamedTuple):
    """Photos for prediction: a batch of B, or a single photo without the batch axis.

    Attributes:
        image: ``(B, 3, H, W)`` float32 RGB in [-1, 1].
        name: B paths relative to the photo folder; a single path without the batch axis.
    """

    image: Tensor
    name: Sequence[str]


def parse_split(text: str) -> Split:
    """Parse the name of a split.

    Raises:
        DataError: There is no such split.
    """
    for split in get_args(Split):
        if text == split:
            return text  # type: ignore[return-value]  # mypy does not narrow by comparison with a variable
    raise DataError(f"unknown split '{text}'; expected {', '.join(get_args(Split))}")
