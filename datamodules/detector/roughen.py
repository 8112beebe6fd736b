"""What cameras, editors and websites do to photos, done to crops: shrinking, blur, sharpening, gamma, JPEG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""``(N, side, side, 3)`` RGB."""

SHRUNK_TO = (0.35, 0.9)
"""Least and largest share of a crop's side that it is reduced to, and enlarged from again."""

BLUR = (-0.9, 1.0)
"""How far a crop goes towards its mean over 3x3 pixels; below 0 away from it, which sharpens."""

GAMMA = (0.6, 1.6)
JPEG_QUALITY = (25, 90)


def roughen(images: Images, share: float, rng: np.random.Generator) -> Images:
    """Change a share of the crops in each of the four ways, each drawn apart.

    Args:
        images: ``(B, side, side, 3)`` RGB; not written to.
        share: Of the crops that each change befalls, in [0, 1].
        rng: Source of the draws.

    Returns:
        ``(B, side, side, 3)``.
    """
    result = images.copy()
    for change in _CHANGES:
        chosen = np.flatnonzero(rng.uniform(size=len(images)) < share)
        if len(chosen):
            result[chosen] = change(result[chosen], rng)
    return result


def _shrunk(images: Images, rng: np.random.Generator) -> Images:
    side = images.shape[1]
    sides = np.maximum(2, (rng.uniform(*SHRUNK_TO, size=len(images)) * side).round()).astype(int)
    small = (cv2.resize(image, (to, to), interpolation=cv2.INTER_AREA) for image, to in zip(images, sides, strict=True))
    return _stack(cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR) for image in small)


def _blurred(images: Images, rng: np.random.Generator) -> Images:
    amounts = rng.uniform(*BLUR, size=len(images))
    pairs = zip(images, amounts.tolist(), strict=True)
    return _stack(cv2.addWeighted(image, 1 - amount, cv2.blur(image, (3, 3)), amount, 0) for image, amount in pairs)


def _brightened(images: Images, rng: np.random.Generator) -> Images:
    exponents = np.exp(rng.uniform(math.log(GAMMA[0]), math.log(GAMMA[1]), size=(len(images), 1)))
    tables = (255 * (np.arange(256) / 255) ** exponents).round().astype(np.uint8)
    return np.asarray(tables[np.arange(len(images))[:, None, None, None], images], dtype=np.uint8)


def _compressed(images: Images, rng: np.random.Generator) -> Images:
    qualities = rng.integers(*JPEG_QUALITY, endpoint=True, size=len(images)).tolist()
    return _stack(_jpeg(image, quality) for image, quality in zip(images, qualities, strict=True))


def _jpeg(image: Images, quality: int) -> cv2.typing.MatLike:
    read = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    assert read is not None
    return read


def _stack(images: Iterable[cv2.typing.MatLike]) -> Images:
    return np.asarray(np.stack(list(images)), dtype=np.uint8)


_CHANGES: tuple[Callable[[Images, np.random.Generator], Images], ...] = (_shrunk, _blurred, _brightened, _compressed)
