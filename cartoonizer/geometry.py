"""Geometry of faces in photos, and of the upright square frames cut out of them."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cartoonizer.arrays import Floats, Matrix, Pixels


class Frame(NamedTuple):
    """A square cut out of a photo.

    Attributes:
        pixels: ``(S, S, 3)`` RGB, white outside the photo.
        inside: ``(S, S)``, 255 inside the photo.
    """

    pixels: Pixels
    inside: Pixels


def fit_similarity(source: Floats | NDArray[np.float64], target: Floats | NDArray[np.float64]) -> Matrix:
    """Least-squares similarity (rotation, scale, shift) from source to target points.

    Args:
        source: ``(N, 2)`` pixels, not all identical.
        target: ``(N, 2)`` pixels.
    """
    middle, target_middle = source.mean(axis=0, dtype=np.float64), target.mean(axis=0, dtype=np.float64)
    around, wanted = source - middle, target - target_middle
    norm = np.square(around).sum()
    real = (around * wanted).sum() / norm
    imaginary = (around[:, 0] * wanted[:, 1] - around[:, 1] * wanted[:, 0]).sum() / norm
    linear = np.array([[real, -imaginary], [imaginary, real]])
    return np.column_stack([linear, target_middle - linear @ middle])


def in_eighths(points: Floats) -> Floats:
    """Round points to eighths of a pixel, so that crops do not depend on floating-point noise."""
    rounded: Floats = np.rint(points * np.float32(8)) / np.float32(8)
    return rounded


def scaled(matrix: Matrix, factor: float) -> Matrix:
    """The same map to an image that is ``factor`` times as large, with aligned corners."""
    larger = factor * matrix
    larger[:, 2] += 0.5 * factor - 0.5
    return larger


def turn(size: tuple[int, int], degrees: float) -> tuple[Matrix, tuple[int, int]]:
    """The map that rotates an image of (height, width) about its centre, and the (width, height) of the full result."""
    height, width = size
    matrix = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0), dtype=np.float64)
    new = np.ceil(np.abs(matrix[:, :2]) @ (width, height) - 1e-6)
    matrix[:, 2] += (new - (width, height)) / 2
    return matrix, (int(new[0]), int(new[1]))


def inverse(matrix: Matrix) -> Matrix:
    """The inverse map."""
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)


def cut_out(photo: Pixels, matrix: Matrix, side: int) -> Frame:
    """Warp a photo to a frame of ``side`` pixels."""
    shrink = 1 / np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if shrink > 1:  # avoids aliasing of large faces
        photo, scale = _reduced_photo(photo, shrink)
        offset = matrix[:, :2] @ (0.5 * scale - 0.5) + matrix[:, 2]
        matrix = np.column_stack([matrix[:, :2] * scale, offset])
    covered = np.full(photo.shape[:2], 255, dtype=np.uint8)
    frame = cv2.warpAffine(photo, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255))
    inside = cv2.warpAffine(covered, matrix, (side, side), flags=cv2.INTER_LINEAR)
    return Frame(np.asarray(frame, dtype=np.uint8), np.asarray(inside, dtype=np.uint8))


def resized(image: Pixels, side: int) -> Pixels:
    """Resize a square image, by area when downscaling, else bilinearly."""
    interpolation = cv2.INTER_AREA if side < image.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=interpolation), dtype=np.uint8)


def _reduced_photo(photo: Pixels, shrink: float) -> tuple[Pixels, NDArray[np.float64]]:
    """A photo downscaled by ``shrink``, and the exact scale factors in x and y."""
    width, height = (max(1, round(length / shrink)) for length in photo.shape[1::-1])
    small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8), np.array([photo.shape[1] / width, photo.shape[0] / height])


def reduced_to(photo: Pixels, longest: int) -> tuple[Pixels, Floats]:
    """A photo downscaled to sides of at most ``longest`` pixels, and the exact scale factors in x and y."""
    shrink = max(photo.shape[:2]) / longest
    if shrink <= 1:
        return photo, np.ones(2, dtype=np.float32)
    small, scale = _reduced_photo(photo, shrink)
    return small, scale.astype(np.float32)
