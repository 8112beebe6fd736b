"""Images with annotated faces from each data set, for training and evaluating the detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cartoonizer.arrays import apply
from cartoonizer.geometry import fit_similarity
from datamodules.datasets.cartoonset import FACE_BOX, IMAGE_SIDE, LANDMARKS, landmarks_at
from datamodules.datasets.wider_face import ATTRIBUTES, WiderAnnotation, WiderFace
from datamodules.detector.memory import Read
from datamodules.detector.windows import Boxes, pairwise_iou, windows_anywhere
from datamodules.images import read_rgb, read_rgba
from datamodules.transforms.augment import FLIP_ORDER
from datamodules.transforms.face_box import square_of_landmarks
from datamodules.transforms.landmark_warp import Bend

SMALLEST_FACE = 20.0
"""Minimum width and height of targets in pixels; smaller faces are neither targets nor background."""

SCENE_SIDE = 256
"""Side of the scenes with cartoons in pixels."""

CARTOON_SIDES = (100.0, 400.0)
"""Range of the side of a whole cartoon image in a scene, in pixels; its face is 0.44 of it high."""

_POSED_SIDE = 250
"""Side in pixels at which a cartoon in another pose is drawn, half of CartoonSet's: few are larger in scenes."""

_INVALID = list(ATTRIBUTES).index("invalid")
_WHITE = 255


@dataclass(frozen=True)
class Scene:
    """An image and every face in it.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        boxes: ``(N, 4)`` float32 edges x1, y1, x2, y2 in pixels.
        is_target: ``(N,)`` whether the face is a target; the others are neither faces nor background.
        landmarks: ``(N, 5, 2)`` float32 pixels; NaN if unknown.
    """

    image: NDArray[np.uint8]
    boxes: Boxes
    is_target: NDArray[np.bool_]
    landmarks: NDArray[np.float32]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


class WiderScenes:
    """Unmodified photos of WIDER FACE.

    Attributes:
        annotations: Annotation of each photo.

    Args:
        wider: The photos.
        indices: Indices of the photos to use.
        read: Decodes a file.
    """

    def __init__(self, wider: WiderFace, indices: Sequence[int], read: Read = read_rgb) -> None:
        self.annotations = [wider.annotations[index] for index in indices]
        self._folder, self._read = wider.images, read

    def __len__(self) -> int:
        return len(self.annotations)

    def scene(self, index: int, rng: np.random.Generator | None = None) -> Scene:
        """A photo; it is not random."""
        del rng
        boxes, is_target = boxes_of(self.annotations[index])
        landmarks = np.full((len(boxes), 5, 2), np.nan, dtype=np.float32)
        return Scene(self._read(self.path(index)), boxes, is_target, landmarks)

    def path(self, index: int) -> Path:
        """Path of a photo."""
        return self._folder / self.annotations[index].name


class FaceScenes:
    """Photos of one face with landmarks, randomly mirrored and rotated.

    The face's box is ``square_of_landmarks``, as the windows from PNet and RNet; LFW+Net's own boxes are a third
    smaller. No face is a target, since a photo may contain others that are not annotated.

    Attributes:
        landmarks: ``(N, 5, 2)`` pixels.

    Args:
        paths: The photos.
        landmarks: ``(N, 5, 2)`` pixels.
        rotation: Maximum rotation in either direction, in degrees; None disables mirroring and rotation.
        read: Decodes a file.
    """

    def __init__(
        self, paths: Sequence[Path], landmarks: NDArray[np.float32], rotation: float | None, read: Read = read_rgb
    ) -> None:
        self.landmarks = landmarks
        self._paths, self._rotation, self._read = list(paths), rotation, read

    def __len__(self) -> int:
        return len(self._paths)

    def scene(self, index: int, rng: np.random.Generator) -> Scene:
        """A photo and its face."""
        image, landmarks = self._read(self._paths[index]), self.landmarks[index]
        if self._rotation is not None:
            image, landmarks = mirrored(image, landmarks) if rng.integers(2) else (image, landmarks)
            image, landmarks = _rotated(image, landmarks, float(rng.uniform(-self._rotation, self._rotation)))
        boxes = square_of_landmarks(torch.from_numpy(landmarks)[None]).numpy()
        return Scene(image, boxes, np.array([False]), landmarks[None])


class CartoonScenes:
    """Cartoons with the paper's full augmentation (3.2.2): anywhere in a scene, at any size, on various backgrounds.

    A background is white, of one colour, or a piece of a photo without a face.

    CartoonSet draws eyes, nose and mouth at the same places in each image. A net that sees nothing else learns these
    places instead of what is drawn there, so some cartoons get the pose of a portrait.

    Args:
        folder: Folder of CartoonSet.
        names: Image files in it.
        photos: Photos for backgrounds; without them backgrounds are plain.
        read: Decodes a file to RGBA.
        poses: ``(N, 5, 2)`` landmarks of portraits, at any place and scale.
        posed: Fraction of the cartoons that get one of the poses.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        photos: WiderScenes | None = None,
        read: Read = read_rgba,
        poses: NDArray[np.float32] | None = None,
        posed: float = 0.0,
    ) -> None:
        self._folder, self.names, self._photos, self._read = folder, list(names), photos, read
        self._poses, self._posed = poses, posed

    def __len__(self) -> int:
        return len(self.names)

    def scene(self, index: int, rng: np.random.Generator) -> Scene:
        """A cartoon and its face."""
        cartoon, landmarks, box = self._cartoon(index, rng)
        side = rng.uniform(*CARTOON_SIDES)
        matrix = self._placement(side, rng)
        if rng.integers(2):
            matrix = matrix @ np.array([[-1.0, 0.0, IMAGE_SIDE - 1], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
            landmarks = landmarks[FLIP_ORDER]
        placed = _warp(cartoon, matrix, SCENE_SIDE)
        image = placed[..., :3] + self._background(rng) * (1 - placed[..., 3:] / 255)
        return Scene(
            np.asarray(image.clip(0, 255).round(), dtype=np.uint8),
            _upright(box, matrix, side / IMAGE_SIDE),
            np.array([True]),
            _apply(matrix, landmarks)[None],
        )

    def _cartoon(
        self, index: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """A cartoon with premultiplied alpha, its landmarks and the two corners of its face's box in ``IMAGE_SIDE``."""
        cartoon = _premultiplied(self._read(self._folder / self.names[index]))
        if self._poses is None or not self._posed or rng.random() >= self._posed:
            return cartoon, LANDMARKS, FACE_BOX.reshape(2, 2)
        return in_pose(cartoon, self._poses[rng.integers(len(self._poses))])

    def _placement(self, side: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """(3, 3) random matrix from ``IMAGE_SIDE`` to the scene, in pixel centres; keeps the face's box inside."""
        face = FACE_BOX.reshape(2, 2)
        half = (face[1] - face[0]).max() / 2 * side / IMAGE_SIDE
        centre = rng.uniform(half, SCENE_SIDE - half, size=2)
        matrix = cv2.getRotationMatrix2D((0, 0), float(rng.uniform(-15, 15)), side / IMAGE_SIDE)
        matrix[:, 2] = centre - 0.5 - matrix[:, :2] @ (face.mean(axis=0) - 0.5)
        return np.vstack((matrix, [0, 0, 1]))

    def _background(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """(SCENE_SIDE, SCENE_SIDE, 3) in [0, 255]."""
        kind = rng.integers(4)
        if kind == 0 or (kind > 1 and not self._photos):
            return np.full((SCENE_SIDE, SCENE_SIDE, 3), _WHITE, dtype=np.float32)
        if kind == 1:
            return np.tile(rng.uniform(0, 255, size=3).astype(np.float32), (SCENE_SIDE, SCENE_SIDE, 1))
        assert self._photos is not None
        photo = self._photos.scene(int(rng.integers(len(self._photos))))
        windows = windows_anywhere(photo.size, photo.boxes, 8, 32.0, rng)
        clear = windows[~_touches(windows, photo.boxes)]
        if not len(clear):
            return np.full((SCENE_SIDE, SCENE_SIDE, 3), rng.uniform(0, 255), dtype=np.float32)
        left, top, right, bottom = clear[0].round().astype(int)
        piece = cv2.resize(photo.image[top:bottom, left:right], (SCENE_SIDE, SCENE_SIDE))
        return np.asarray(piece, dtype=np.float32)


def in_pose(
    cartoon: NDArray[np.float32], pose: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """A cartoon whose eyes, nose and mouth are where those of a portrait are; its head stays upright.

    Args:
        cartoon: ``(H, W, 4)`` with premultiplied alpha, in [0, 255].
        pose: ``(5, 2)`` landmarks of the portrait, at any place and scale.

    Returns:
        The cartoon with premultiplied alpha, its ``(5, 2)`` landmarks, and the two corners of its face's box; both in
        pixels of ``IMAGE_SIDE``.
    """
    source = landmarks_at(cartoon.shape[0]).astype(np.float64)
    target = apply(fit_similarity(pose, landmarks_at(_POSED_SIDE)), pose)
    bend = Bend(source, target.astype(np.float64))
    alpha = cartoon[..., 3:]
    on_white = np.concatenate((cartoon[..., :3] + _WHITE - alpha, alpha), axis=2)  # as the border that `draw` adds
    drawn = bend.draw(np.asarray(on_white.round(), dtype=np.uint8), _POSED_SIDE).astype(np.float32)
    drawn[..., :3] = (drawn[..., :3] - _WHITE + drawn[..., 3:]).clip(min=0)
    scale = IMAGE_SIDE / _POSED_SIDE
    box = bend.of_source((FACE_BOX.reshape(2, 2) * (cartoon.shape[0] / IMAGE_SIDE) - 0.5).astype(np.float64))
    landmarks = (bend.landmarks + 0.5) * scale - 0.5
    return drawn, landmarks.astype(np.float32), ((box + 0.5) * scale).astype(np.float32)


def boxes_of(annotation: WiderAnnotation) -> tuple[Boxes, NDArray[np.bool_]]:
    """Edges x1, y1, x2, y2 of WIDER's boxes, and which are targets: large enough and not marked as invalid."""
    corner, extent = annotation.boxes[:, :2], annotation.boxes[:, 2:]
    is_target = (extent >= SMALLEST_FACE).all(axis=1) & (annotation.attributes[:, _INVALID] == 0)
    return np.concatenate((corner, corner + extent), axis=1), is_target


def mirrored(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Mirror an image and its landmarks, which are reordered."""
    flipped = landmarks.copy()
    flipped[:, 0] = image.shape[1] - 1 - flipped[:, 0]
    return np.ascontiguousarray(image[:, ::-1]), flipped[FLIP_ORDER]


def _rotated(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32], degrees: float
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Rotate an image around its face; the border is replicated."""
    x, y = landmarks.mean(axis=0)
    matrix = np.asarray(cv2.getRotationMatrix2D((float(x), float(y)), degrees, 1.0), dtype=np.float64)
    size = (image.shape[1], image.shape[0])
    rotated = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(rotated, dtype=np.uint8), _apply(matrix, landmarks)


def _apply(matrix: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2], dtype=np.float32)


def _upright(box: NDArray[np.float32], matrix: NDArray[np.float64], scale: float) -> Boxes:
    """(1, 4) upright box around the transformed centre, with the scaled size of the given box (its two corners)."""
    centre = _apply(matrix, box.mean(axis=0, keepdims=True) - np.float32(0.5)) + np.float32(0.5)
    half = (box[1] - box[0]) * np.float32(scale / 2)
    return np.concatenate((centre - half, centre + half), axis=1)


def _premultiplied(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Premultiply colours by alpha, so that they can be averaged; (H, W, 4) in [0, 255]."""
    image = rgba.astype(np.float32)
    image[..., :3] *= image[..., 3:] / 255
    return image


def _warp(image: NDArray[np.float32], matrix: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """Warp a cartoon by a matrix from ``IMAGE_SIDE``; it is first reduced by area averaging."""
    scale = float(np.hypot(*matrix[:2, 0]))
    reduced = min(image.shape[0], max(1, round(IMAGE_SIDE * scale)))
    small = cv2.resize(image, (reduced, reduced), interpolation=cv2.INTER_AREA)
    ratio = IMAGE_SIDE / reduced
    offset = (ratio - 1) / 2  # whole numbers are pixel centres
    from_image = matrix @ np.array([[ratio, 0, offset], [0, ratio, offset], [0, 0, 1]])
    flags = cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(small, from_image[:2], (side, side), flags=flags), dtype=np.float32)


def _touches(windows: Boxes, boxes: Boxes) -> NDArray[np.bool_]:
    overlap = pairwise_iou(windows, boxes).max(axis=1, initial=0.0)
    return np.asarray(overlap > 0, dtype=np.bool_)
