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

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # damaged files raise our own errors

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
UNREAD_SUFFIXES = frozenset({".heic", ".heif"})
"""Formats of phone photos that neither OpenCV nor Pillow decodes."""
MAX_PIXELS = 64_000_000
"""Larger images are rejected from their header, as a protection against decompression bombs."""
MAX_BYTES = 8 * MAX_PIXELS
"""Larger files are rejected before reading: the size of ``MAX_PIXELS`` pixels of uncompressed 16-bit RGBA."""


_CONVERT = "convert them to JPEG (e.g. with heif-convert)"
_LOG = logging.getLogger(__name__)


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Decode an image file as ``(H, W, 3)`` uint8 RGB; see ``decode_rgb``.

    Raises:
        DataError: The file is missing, or cannot be decoded.
    """
    return decode_rgb(_read_bytes(path), path)


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """Decode an image file as ``(H, W, 4)`` uint8 RGBA; images without alpha are opaque.

    Raises:
        DataError: The file is missing, or cannot be decoded.
    """
    pixels = _decode(_read_bytes(path), path)
    return pixels if pixels.shape[2] == 4 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), dtype=np.uint8)


def decode_rgb(encoded: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode the bytes of an image file as ``(H, W, 3)`` uint8 RGB.

    Greyscale, CMYK, palette and 16-bit files become 8-bit RGB, EXIF rotation is applied (not to files with
    transparency), and transparent pixels are composited on white *before* any resampling, to avoid dark fringes.

    Args:
        encoded: The whole file.
        path: Its path, for error messages.

    Raises:
        DataError: It is not an image, is truncated, or has more than ``MAX_PIXELS`` pixels.
    """
    pixels = _decode(encoded, path)
    return composite_on_white(pixels) if pixels.shape[2] == 4 else pixels


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path} has {size:,} bytes, more than the limit of {MAX_BYTES:,}")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"no such image: {path}") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error


def _decode(encoded: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode to ``(H, W, 3)`` uint8 RGB, or to ``(H, W, 4)`` RGBA if there is an alpha channel."""
    has_alpha = _check_header(encoded, path)
    # Pillow checks the header, since OpenCV decodes images of any size; OpenCV decodes about twice as fast.
    flags = cv2.IMREAD_UNCHANGED if has_alpha else cv2.IMREAD_COLOR_RGB
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, dtype=np.uint8), flags)
    except cv2.error as error:
        raise DataError(f"cannot decode {path}: {error.err}") from error
    if pixels is None:
        raise DataError(f"cannot decode {path}: the file is damaged or truncated; replace or remove it")
    eight_bit = _to_eight_bit(np.asarray(pixels))
    if eight_bit.ndim == 2:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    if eight_bit.shape[2] == 4:
        return np.asarray(cv2.cvtColor(eight_bit, cv2.COLOR_BGRA2RGBA), dtype=np.uint8)
    return eight_bit if not has_alpha else np.ascontiguousarray(eight_bit[..., ::-1])


def find_images(folder: Path) -> list[Path]:
    """Sorted paths of all image files in a folder and its subfolders.

    HEIC files are skipped with a warning that names the first.

    Raises:
        DataError: The folder is missing or contains no image.
    """
    if not folder.is_dir():
        raise DataError(f"no such folder of images: {folder}")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if unread := [path for path in files if path.suffix.lower() in UNREAD_SUFFIXES]:
        _LOG.warning("skipped %d HEIC files in %s, first %s; %s", len(unread), folder, unread[0], _CONVERT)
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
        advice = f"; HEIC is not supported: {_CONVERT}" if path.suffix.lower() in UNREAD_SUFFIXES else ""
        raise DataError(f"not a readable image: {path}{advice}") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"not a readable image: {path} ({error})") from error
    if width * height > MAX_PIXELS:
        raise DataError(f"{path} has {width}x{height} pixels, more than the limit of {MAX_PIXELS:,}")
    return has_alpha
