"""Warps cartoons to the landmarks of photos.

CartoonSet draws facial parts at fixed positions: all mouths are equally wide, all heads are frontal. A discriminator
trained on them rejects wide smiles and turned heads, which contradicts the landmark loss. Warped cartoons contain both
and stay sharp.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.geometry import fit_similarity
from datamodules.samples import Faces, RawFace
from datamodules.transforms.augment import FLIP_ORDER, to_faces
from datamodules.transforms.face_box import MEAN_FACE
from datamodules.transforms.framing import CARTOON_CROP

Points = NDArray[np.float64]

_LARGEST_SIDE = 500
"""CartoonSet's resolution; a larger frame adds no detail."""

_REACH = 0.55
_FURTHEST = 0.45
_RIDGE = 0.02
"""Radius and maximum displacement of a landmark's warp, in eye distances, and the ridge regularisation."""

_HEAD_SCALE = 0.87
"""Scale of the map away from the landmarks, as facial features fill more of the head in photos than in cartoons."""

_OVERSAMPLING = 2
_LEAST_SPREAD = 2.0

_mean_face = MEAN_FACE.numpy().astype(np.float64)
_MEAN_SPREAD = float(np.sqrt(((_mean_face - _mean_face.mean(axis=0)) ** 2).sum()))
_MEAN_EYE_DISTANCE = float(_mean_face[1, 0] - _mean_face[0, 0])


def bent_frame_side(image_size: int) -> int:
    """Side in pixels of the frame that a cartoon of ``image_size`` is warped from; oversampled to stay sharp."""
    plain = round(image_size / CARTOON_CROP)
    return max(plain, min(_OVERSAMPLING * plain, _LARGEST_SIDE))


class LandmarkWarp:
    """Warps a framed cartoon to a photo's landmarks, randomly mirrored, on white.

    The map is the least-squares similarity of the five points, slightly reduced, plus a smooth warp for the residuals
    of up to 0.45 eye distances. If the landmarks of the photo or the cartoon are unknown, the paper's augmentation
    (3.2.2) is applied instead.

    Args:
        image_size: Side of the result in pixels.
    """

    def __init__(self, image_size: int) -> None:
        self._side = image_size

    def __call__(self, face: RawFace, target: NDArray[np.float32], seed: int) -> Faces:
        """Warp one cartoon.

        Args:
            face: A cartoon framed by ``bent_frame_side``.
            target: ``(5, 2)`` target landmarks in pixels of the result; NaN where unknown.
            seed: Random seed.

        Returns:
            The cartoon without batch axis, with its actual landmarks.
        """
        rng = np.random.default_rng(seed)
        image, source = face.image, face.landmarks.astype(np.float64)
        is_known = _has_extent(source)
        if not is_known:
            source = _mean_face * image.shape[0]  # arbitrary: only a global transform follows
        if rng.random() < 0.5:
            image, source = mirrored(image, source)
        goal = target.astype(np.float64)
        if not is_known or not _has_extent(goal):
            goal = self._augmented(source, image.shape[0], rng)
        bend = Bend(source, goal)
        bent = bend.draw(image, self._side)
        return to_faces(bent, bend.landmarks if is_known else np.full((5, 2), np.nan), face)

    def _augmented(self, source: Points, frame: int, rng: np.random.Generator) -> Points:
        """The cartoon's landmarks after a random rotation, scale and shift."""
        angle, scale = np.deg2rad(rng.uniform(-15, 15)), rng.uniform(1.0, 1.3) * self._side / (CARTOON_CROP * frame)
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = rng.uniform(-0.1, 0.1, 2) * self._side + (self._side - 1) / 2
        augmented: Points = scale * (source - (frame - 1) / 2) @ rotation.T + shift
        return augmented


class Bend:
    """A smooth map of the plane from target points to source points.

    Args:
        source: ``(5, 2)`` pixels.
        target: ``(5, 2)`` pixels, not all identical.

    Attributes:
        landmarks: ``(5, 2)`` pixels: the points that map to ``source``. They equal the target points, except for those
            that exceed the maximum displacement.
    """

    def __init__(self, source: Points, target: Points) -> None:
        self._middle, self._goal = target.mean(axis=0), source.mean(axis=0)
        self._turn = fit_similarity(target, source)[:, :2] / _HEAD_SCALE
        spread = np.sqrt(((target - self._middle) ** 2).sum())
        eye_distance = spread * _MEAN_EYE_DISTANCE / _MEAN_SPREAD
        back = np.linalg.inv(self._turn)
        left = source - self._similar(target)
        moved = np.linalg.norm(left @ back.T, axis=1).max()
        left = left * min(1.0, _FURTHEST * eye_distance / max(moved, 1e-9))
        self._centers = (source - left - self._goal) @ back.T + self._middle
        self._width = _REACH * eye_distance
        kernel = self._kernel(self._centers)
        self._weights = np.linalg.solve(kernel + _RIDGE * np.eye(len(kernel)), left)
        self.landmarks = self._centers.copy()
        for _ in range(20):  # Newton's method (slope of the similarity) removes the ridge's residual
            self.landmarks += (source - self(self.landmarks)) @ back.T

    def __call__(self, points: Points) -> Points:
        """Map points (N, 2) to source points."""
        bent: Points = self._similar(points) + self._kernel(points) @ self._weights
        return bent

    def of_source(self, points: Points) -> Points:
        """Where points (N, 2) of the source, far from its landmarks, are drawn."""
        drawn: Points = (points - self._goal) @ np.linalg.inv(self._turn).T + self._middle
        return drawn

    def draw(self, image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
        """Warp an image (H, W, C) on white: ``(side, side, C)``; a fourth channel is alpha, 0 outside the image."""
        places = (np.arange(_OVERSAMPLING * side) + 0.5) / _OVERSAMPLING - 0.5
        from_x, from_y = self._on_grid(places)
        bent = cv2.remap(
            image, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255, 0)
        )
        return np.asarray(cv2.resize(bent, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _on_grid(self, places: Points) -> NDArray[np.float32]:
        """The source points (2, N, N), x and y, of a square grid with these places (N,) along both axes.

        Equals a call for each point, but is faster, since a Gaussian is the product of one along x and one along y.
        """
        along_x, along_y = np.exp(-0.5 * ((places - self._centers.T[..., None]) / self._width) ** 2)
        bent = (along_y.T * self._weights.T[:, None]) @ along_x
        from_x = self._turn[:, 0, None] * (places - self._middle[0])
        from_y = self._turn[:, 1, None] * (places - self._middle[1]) + self._goal[:, None]
        return np.asarray(bent + from_x[:, None] + from_y[:, :, None], dtype=np.float32)

    def _similar(self, points: Points) -> Points:
        similar: Points = (points - self._middle) @ self._turn.T + self._goal
        return similar

    def _kernel(self, points: Points) -> Points:
        """(N, 2) points to (N, 5) Gaussians around the centers."""
        squared = ((points[:, None] - self._centers) ** 2).sum(axis=2)
        kernel: Points = np.exp(-0.5 * squared / self._width**2)
        return kernel


def mirrored(image: NDArray[np.uint8], landmarks: Points) -> tuple[NDArray[np.uint8], Points]:
    """An image (H, W, C) and its landmarks (5, 2), mirrored; the left-to-right landmark order is preserved."""
    points = np.stack([image.shape[1] - 1 - landmarks[:, 0], landmarks[:, 1]], axis=1)[FLIP_ORDER]
    return np.ascontiguousarray(image[:, ::-1]), points


def _has_extent(points: Points) -> bool:
    return bool(np.isfinite(points).all() and np.ptp(points, axis=0).max() > _LEAST_SPREAD)
