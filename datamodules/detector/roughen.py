"""Degradations by cameras, editors and websites: low resolution, blur, sharpening, gamma, JPEG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""``(N, side, side, 3)`` RGB."""

SHRUNK_TO = (0.35, 0.9)
"""Range of the scale to which crops are reduced before they are enlarged again."""

BLUR = (-0.9, 1.0)
"""Range of the weight of the 3x3 mean; negative weights sharpen."""

GAMMA = (0.6, 1.6)
JPEG_QUALITY = (25, 90)


def roughen(images: Images, share: float, rng: np.random.Generator) -> Images:
    """Apply each of the four degradations to a random fraction of the crops, independently.

    Args:
        images: ``(B, side, side, 3)`` RGB; not modified.
        share: Fraction of the crops that each degradation applies to, in [0, 1].
        rng: Random generator.

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
