"""Images of one face each, whose place and landmarks are known, and which of a detector's boxes is that face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import box_iou

from datamodules.datasets.cartoonset import find_cartoons
from datamodules.datasets.group_split import split_by_group
from datamodules.datasets.lfw_net import LfwNet
from datamodules.detector.crops import cut
from datamodules.detector.scenes import CartoonScenes, WiderScenes
from datamodules.evenly import evenly
from datamodules.transforms.face_box import square_of_landmarks
from networks.mtcnn import Detections

CARTOON_DRAWS = 500
"""Scenes that cartoons are drawn into, however many cartoons there are."""

ENOUGH_OVERLAP = 0.3
"""Intersection over union above which a box always matches the face, regardless of its centre."""

FACE_OF_FRAME = 0.65
"""Side of the face's square in sides of the frame, as CelebA's photos are framed."""

_SEED = 0


class KnownFace(NamedTuple):
    """One image and its face.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        box: ``(4,)`` float32 edges x1, y1, x2, y2 in pixels.
        landmarks: ``(5, 2)`` float32 pixels.
        name: What to call the image in a message.
    """

    image: NDArray[np.uint8]
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    name: str


@dataclass(frozen=True)
class KnownFaces:
    """A numbered collection.

    Attributes:
        count: Number of its images.
        read: The image of a number from 0; the same each time.
    """

    count: int
    read: Callable[[int], KnownFace]


def photographed_faces(folder: Path, limit: int | None = None) -> KnownFaces:
    """The test list of LFW+Net.

    Args:
        folder: ``lfw_net``.
        limit: So many faces at most, evenly spread over the list.

    Raises:
        DataError: The list is missing or malformed.
    """
    people = LfwNet(folder, "test")
    indices = evenly(len(people), limit)

    def read(number: int) -> KnownFace:
        sample = people[indices[number]]
        return KnownFace(sample.image, sample.box, sample.landmarks, str(sample.path))

    return KnownFaces(len(indices), read)


def held_back(folder: Path, families: Path | None = None) -> list[str]:
    """The held-out cartoons, as paths relative to their folder.

    Args:
        folder: CartoonSet's.
        families: Table of what cartoons share, as `split_by_group` wants it.

    Raises:
        DataError: The table is missing or malformed.
    """
    return split_by_group(find_cartoons(folder), families)[1]


def drawn_faces(
    folder: Path, names: Sequence[str], photos: WiderScenes | None = None, limit: int | None = None
) -> KnownFaces:
    """Cartoons under the full augmentation, in scenes that are the same in every run.

    Args:
        folder: CartoonSet's.
        names: Image files in it, at least one.
        photos: What backgrounds are cut from; without them they are plain.
        limit: So many scenes at most, of ``CARTOON_DRAWS``.
    """
    scenes = CartoonScenes(folder, names, photos)

    def read(number: int) -> KnownFace:
        index = number % len(names)
        scene = scenes.scene(index, np.random.default_rng([_SEED, number]))
        return KnownFace(scene.image, scene.boxes[0], scene.landmarks[0], f"{folder / names[index]}, draw {number}")

    return KnownFaces(CARTOON_DRAWS if limit is None else min(limit, CARTOON_DRAWS), read)


def framed(faces: KnownFaces, side: int) -> KnownFaces:
    """The same faces as a CycleGAN sees them, in the middle of a square frame that is scaled to `side` pixels.

    What lies beyond an image is its border, gone on.
    """

    def read(number: int) -> KnownFace:
        face = faces.read(number)
        left, top, right, bottom = square_of_landmarks(torch.from_numpy(face.landmarks)[None])[0].tolist()
        width = max(1, round((right - left) / FACE_OF_FRAME))
        corner = np.round(np.array([left + right - width, top + bottom - width], dtype=np.float32) / 2)
        image = cut(face.image, np.concatenate((corner, corner + width))[None], side)[0]
        scale = np.float32(side / width)
        landmarks = np.asarray((face.landmarks + 0.5 - corner) * scale - 0.5, dtype=np.float32)
        box = np.asarray((face.box - np.tile(corner, 2)) * scale, dtype=np.float32)
        return KnownFace(image, box, landmarks, face.name)

    return KnownFaces(faces.count, read)


def choose_face(found: Detections, box: Tensor) -> int | None:
    """Which detection is the face that was annotated; there can be others in the image.

    It is the one that overlaps the box most, of those whose centre lies in the box or that overlap it by
    ``ENOUGH_OVERLAP``. Annotators draw boxes of very different tightness about the same face (LFW+Net's are a third
    smaller than WIDER FACE's), so that overlap alone would not tell.

    Args:
        found: N detections.
        box: (4,) edges in pixels.

    Returns:
        Its index, or None where the face was not found.
    """
    overlap = box_iou(found.boxes, box[None]).flatten()
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    is_there = ((centres >= box[:2]) & (centres <= box[2:])).all(dim=1) | (overlap >= ENOUGH_OVERLAP)
    return int(overlap.where(is_there, -1).argmax()) if is_there.any() else None
