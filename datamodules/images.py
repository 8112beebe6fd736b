"""Fast image decoding to upright RGB on white; errors always include the path."""

from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cartoonizer.background import composite_on_white
from datamodules.errors import DataError

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # damaged files are reported by us

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
UNREAD_SUFFIXES = frozenset({".heic", ".heif"})
"""Photos of phones; neither OpenCV nor Pillow decodes them."""
MAX_PIXELS = 64_000_000
"""Larger images are rejected by their header, as a protection against decompression bombs."""
MAX_BYTES = 8 * MAX_PIXELS
"""Larger files are refused unread: so many bytes are ``MAX_PIXELS`` pixels of 16-bit RGBA without any compression."""


_CONVERT = "convert them to JPEG (heif-convert does)"
_LOG = logging.getLogger(__name__)


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Decode an image file as ``(H, W, 3)`` uint8 RGB; see ``decode_rgb``.

    Raises:
        DataError: The file is missing, or cannot be decoded.
    """
    return decode_rgb(_read_bytes(path), path)


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """Decode an image file as ``(H, W, 4)`` uint8 RGBA; what has no transparency is opaque.

    Raises:
        DataError: The file is missing, or cannot be decoded.
    """
    pixels = _decode(_read_bytes(path), path)
    return pixels if pixels.shape[2] == 4 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), dtype=np.uint8)


def decode_rgb(encoded: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode the bytes of an image file as ``(H, W, 3)`` uint8 RGB.

    Greyscale, CMYK, palette and 16-bit files become 8-bit RGB, EXIF rotation is applied (not to files with
    transparency), and transparent pixels are
    composited on white *before* any resampling, so that no dark fringe can appear.

    Args:
        encoded: The whole file.
        path: Where it came from, for the error.

    Raises:
        DataError: It is no image, is truncated, or claims more than ``MAX_PIXELS`` pixels.
    """
    pixels = _decode(encoded, path)
    return composite_on_white(pixels) if pixels.shape[2] == 4 else pixels


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path} has {size:,} bytes, more than any image that this project decodes")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"no such image: {path}") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error


def _decode(encoded: bytes, path: Path) -> NDArray[np.uint8]:
    """``(H, W, 3)`` uint8 RGB, or ``(H, W, 4)`` RGBA."""
    has_alpha = _check_header(encoded, path)
    # Pillow reads the header (OpenCV would decode a bomb), OpenCV the pixels (about twice as fast).
    flags = cv2.IMREAD_UNCHANGED if has_alpha else cv2.IMREAD_COLOR_RGB
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, dtype=np.uint8), flags)
    except cv2.error as error:
        raise DataError(f"cannot decode {path}: {error.err}") from error
    if pixels is None:
        raise DataError(f"cannot decode {path}: the file is damaged or cut off; replace or remove it")
    eight_bit = _to_eight_bit(np.asarray(pixels))
    if eight_bit.ndim == 2:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    if eight_bit.shape[2] == 4:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_BGRA2RGBA), dtype=np.uint8)
    return eight_bit if not has_alpha else np.ascontiguousarray(eight_bit[..., ::-1])


def find_images(folder: Path) -> list[Path]:
    """Every image file below ``folder``, sorted.

    HEIC files, as phones write them, are left out with a warning that names them.

    Raises:
        DataError: The folder is missing or holds no image.
    """
    if not folder.is_dir():
        raise DataError(f"no such folder of images: {folder}")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if unread := [path for path in files if path.suffix.lower() in UNREAD_SUFFIXES]:
        _LOG.warning("left out: %d HEIC files in %s, first %s; %s", len(unread), folder, unread[0], _CONVERT)
    paths = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    if not paths:
        raise DataError(f"no image in {folder} (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
    return paths


def _to_eight_bit(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    values = pixels.astype(np.uint16) >> 8 if pixels.dtype == np.uint16 else pixels
    return values.astype(np.uint8, copy=False)


def _check_header(encoded: bytes, path: Path) -> bool:
    """Reject invalid and oversized images; return whether the format supports transparency."""
    try:
        with Image.open(BytesIO(encoded)) as image:
            width, height = image.size
            has_alpha = image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info
    except UnidentifiedImageError as error:
        advice = f"; HEIC files are not read: {_CONVERT}" if path.suffix.lower() in UNREAD_SUFFIXES else ""
        raise DataError(f"not a readable image: {path}{advice}") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"not a readable image: {path} ({error})") from error
    if width * height > MAX_PIXELS:
        raise DataError(f"{path} has {width}x{height} pixels, more than the {MAX_PIXELS:,} this project decodes")
    return has_alpha
