"""Test images with one annotated face each, and the matching of detections with that face."""

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
"""Number of scenes with cartoons, independent of the number of cartoons."""

ENOUGH_OVERLAP = 0.3
"""IoU above which a box always matches the face, regardless of its centre."""

FACE_OF_FRAME = 0.65
"""Side of the face's square relative to the frame's side, as in framed CelebA photos."""

_SEED = 0


class KnownFace(NamedTuple):
    """An image and its face.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        box: ``(4,)`` float32 edges x1, y1, x2, y2 in pixels.
        landmarks: ``(5, 2)`` float32 pixels.
        name: Name of the image, for messages.
    """

    image: NDArray[np.uint8]
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    name: str


@dataclass(frozen=True)
class KnownFaces:
    """An indexed collection.

    Attributes:
        count: Number of images.
        read: Returns the image with an index, starting at 0; deterministic.
    """

    count: int
    read: Callable[[int], KnownFace]


def photographed_faces(folder: Path, limit: int | None = None) -> KnownFaces:
    """The faces of LFW+Net's test list.

    Args:
        folder: The folder ``lfw_net``.
        limit: Maximum number of faces, evenly spread over the list.

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
        folder: Folder of CartoonSet.
        families: Table of the cartoons' families, see ``split_by_group``.

    Raises:
        DataError: The table is missing or malformed.
    """
    return split_by_group(find_cartoons(folder), families)[1]


def photographed_poses(folder: Path) -> NDArray[np.float32]:
    """The landmarks (N, 5, 2) of LFW+Net's test list.

    Args:
        folder: The folder ``lfw_net``.

    Raises:
        DataError: The list is missing or malformed.
    """
    return np.stack([annotation.landmarks for annotation in LfwNet(folder, "test").annotations])


def drawn_faces(
    folder: Path,
    names: Sequence[str],
    photos: WiderScenes | None = None,
    limit: int | None = None,
    poses: NDArray[np.float32] | None = None,
) -> KnownFaces:
    """Fully augmented cartoons in scenes that are the same in every run.

    Args:
        folder: Folder of CartoonSet.
        names: Image files in it, at least one.
        photos: Photos from which backgrounds are cropped; without them, backgrounds are plain.
        limit: Maximum number of scenes, at most ``CARTOON_DRAWS``.
        poses: ``(N, 5, 2)`` landmarks of portraits, whose poses the cartoons get; by default their own, which is the
            same in all of CartoonSet.
    """
    scenes = CartoonScenes(folder, names, photos, poses=poses, posed=1.0)

    def read(number: int) -> KnownFace:
        index = number % len(names)
        scene = scenes.scene(index, np.random.default_rng([_SEED, number]))
        return KnownFace(scene.image, scene.boxes[0], scene.landmarks[0], f"{folder / names[index]}, draw {number}")

    return KnownFaces(CARTOON_DRAWS if limit is None else min(limit, CARTOON_DRAWS), read)


def framed(faces: KnownFaces, side: int) -> KnownFaces:
    """The same faces with the CycleGANs' framing: centred in a square frame, scaled to ``side`` pixels.

    Pixels outside an image repeat its border.
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
    """Select the detection of the annotated face; the image may show others.

    It is the one with the highest IoU among those whose centre is inside the box or whose IoU is at least
    ``ENOUGH_OVERLAP``. IoU alone is not sufficient, since the tightness of annotated boxes varies: LFW+Net's are a
    third smaller than WIDER FACE's.

    Args:
        found: N detections.
        box: (4,) edges in pixels.

    Returns:
        Its index, or None if the face was not found.
    """
    overlap = box_iou(found.boxes, box[None]).flatten()
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    is_there = ((centres >= box[:2]) & (centres <= box[2:])).all(dim=1) | (overlap >= ENOUGH_OVERLAP)
    return int(overlap.where(is_there, -1).argmax()) if is_there.any() else None
