"""Decodes photos to upright RGB, from a path, bytes, a PIL image or an array."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cartoonizer.arrays import Pixels
from cartoonizer.background import composite_on_white
from cartoonizer.errors import PhotoError

with suppress(ImportError):  # HEIC support, if `pillow-heif` is installed
    from pillow_heif import register_heif_opener

    register_heif_opener()

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # damaged files raise our own errors

Photo = str | os.PathLike[str] | bytes | Image.Image | NDArray[np.uint8]
"""A photo: a path, the bytes of a file, a PIL image, or an array ``(H, W, 3)`` uint8 RGB."""

MAX_PIXELS = 64_000_000
"""Larger photos are rejected from their header, before decoding."""

MAX_BYTES = 8 * MAX_PIXELS
"""Larger files are rejected without reading them."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif"})
"""Suffixes of photos in folders."""

_ALPHA = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_BY_OPENCV = frozenset({"JPEG", "PNG", "BMP", "WEBP"})
_HEIC = frozenset({b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1"})
"""Bytes 4 to 12 of such files."""
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, OverflowError, Image.DecompressionBombError)


def decode(photo: Photo, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode a photo to ``(H, W, 3)`` uint8 RGB, with EXIF rotation applied, composited on white if transparent.

    Args:
        photo: The photo.
        max_pixels: Larger files are rejected from their header.

    Raises:
        PhotoError: It is missing, damaged, too large, or not a photo.
        ValueError: An array has a wrong shape or dtype.
    """
    if isinstance(photo, np.ndarray):
        return _checked(photo)
    if isinstance(photo, Image.Image):
        _check_size("the photo", photo.size, max_pixels)
        return _by_pillow(photo, "the photo")
    if isinstance(photo, bytes):
        return _decode_bytes(photo, "the photo", max_pixels)
    return _decode_bytes(_read(Path(photo)), str(photo), max_pixels)


def find_files(folder: Path, suffixes: Collection[str] = SUFFIXES) -> list[Path]:
    """Sorted paths of all photos, or files with other suffixes, in a folder and its subfolders.

    Raises:
        PhotoError: There are none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    if not paths:
        raise PhotoError(f"no supported file in {folder}; looked for {', '.join(sorted(suffixes))}")
    return paths


def _checked(pixels: NDArray[np.uint8]) -> Pixels:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(f"expected a photo (H, W, 3) of uint8, got {pixels.shape} of {pixels.dtype}")
    return np.ascontiguousarray(pixels)


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PhotoError(f"{path} is a folder, not a photo")
        if path.stat().st_size > MAX_BYTES:
            raise PhotoError(f"{path} is larger than the limit of {MAX_BYTES / 1e6:.0f} MB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"no such photo: {path}") from error
    except (OSError, ValueError) as error:
        raise PhotoError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def _decode_bytes(encoded: bytes, name: str, max_pixels: int) -> Pixels:
    """Check the header with Pillow, as OpenCV decodes images of any size; decode with OpenCV, about twice as fast."""
    try:
        with Image.open(BytesIO(encoded)) as image:
            _check_size(name, image.size, max_pixels)
            has_alpha = image.mode in _ALPHA or "transparency" in image.info
            if has_alpha or image.format not in _BY_OPENCV:
                return _by_pillow(image, name)
    except UnidentifiedImageError as error:
        if encoded[4:12] in _HEIC:
            raise PhotoError(
                f"{name} is a HEIC file, which needs an additional package: pip install pillow-heif"
            ) from error
        raise PhotoError(f"{name} is not a supported image") from error
    except _BROKEN as error:
        raise PhotoError(f"{name} is damaged or not an image: {error}") from error
    return _by_opencv(encoded, name)


def _check_size(name: str, size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise PhotoError(f"{name} has {width}x{height} pixels, more than the limit of {max_pixels:,}")
    if not width * height:
        raise PhotoError(f"{name} has no pixels")


def _by_opencv(encoded: bytes, name: str) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise PhotoError(f"{name} cannot be decoded: {error.err}") from error
    if pixels is None:
        raise PhotoError(f"{name} is damaged or truncated")
    return np.asarray(pixels, dtype=np.uint8)


def _by_pillow(image: Image.Image, name: str) -> Pixels:
    """Decode formats that OpenCV does not support, or not with transparency."""
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith(("I", "F")):  # 16 bit
            values = np.asarray(upright)
            upright = Image.fromarray((values >> 8 if values.max(initial=0) > 255 else values).astype(np.uint8))
        if upright.mode in _ALPHA or "transparency" in upright.info:
            return composite_on_white(np.asarray(upright.convert("RGBA")))
        return np.array(upright.convert("RGB"))
    except (*_BROKEN, TypeError) as error:
        raise PhotoError(f"{name} is damaged or cannot be decoded: {error}") from error
