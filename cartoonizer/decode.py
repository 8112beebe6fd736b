"""Decodes images to upright RGB, from a path, bytes, a PIL image or an array; finds them in folders."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
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
"""Larger images are rejected from their header, as a protection against decompression bombs."""

MAX_BYTES = 8 * MAX_PIXELS
"""Larger files are rejected before reading: the size of ``MAX_PIXELS`` pixels of uncompressed 16-bit RGBA."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif"})
"""Suffixes of images in folders."""

_ALPHA = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_BY_OPENCV = frozenset({"JPEG", "PNG", "BMP", "WEBP"})
_HEIC = frozenset({b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1"})
"""Bytes 4 to 12 of such files."""
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, OverflowError, Image.DecompressionBombError)


def decode(photo: Photo, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode a photo to ``(H, W, 3)`` uint8 RGB, with EXIF rotation applied.

    Greyscale, CMYK, palette and 16-bit images become 8-bit RGB. Transparent pixels are composited on white before any
    resampling, to avoid dark fringes.

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
        return _opaque(_by_pillow(photo, "the photo"))
    if isinstance(photo, bytes):
        return decode_bytes(photo, "the photo", max_pixels)
    return decode_bytes(_read(Path(photo)), str(photo), max_pixels)


def decode_bytes(encoded: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode the bytes of an image file, see ``decode``.

    Args:
        encoded: The whole file.
        name: Its name in error messages.
        max_pixels: Larger files are rejected from their header.

    Raises:
        PhotoError: It is damaged, too large, or not an image.
    """
    return _opaque(_decode(encoded, name, max_pixels))


def decode_rgba(path: Path) -> Pixels:
    """Decode an image file to ``(H, W, 4)`` uint8 RGBA; images without alpha are opaque.

    Raises:
        PhotoError: It is missing, damaged, too large, or not an image.
    """
    pixels = _decode(_read(path), str(path), MAX_PIXELS)
    return pixels if pixels.shape[2] == 4 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA), dtype=np.uint8)


def find_files(folder: Path, suffixes: Collection[str] = SUFFIXES) -> list[Path]:
    """Sorted paths of all images, or files with other suffixes, in a folder and its subfolders, following links.

    Raises:
        PhotoError: There are none.
    """
    paths = sorted(path for path in _files_below(folder) if path.suffix.lower() in suffixes and path.is_file())
    if not paths:
        raise PhotoError(f"no supported file in {folder}; looked for {', '.join(sorted(suffixes))}")
    return paths


def _files_below(folder: Path) -> Iterator[Path]:
    """Each folder is searched once, also if links form a circle."""
    searched: set[str] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        place = os.path.realpath(parent)
        if place in searched:
            folders.clear()
            continue
        searched.add(place)
        yield from (Path(parent) / name for name in names)


def _checked(pixels: NDArray[np.uint8]) -> Pixels:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(f"expected a photo (H, W, 3) of uint8, got {pixels.shape} of {pixels.dtype}")
    return np.ascontiguousarray(pixels)


def _opaque(pixels: Pixels) -> Pixels:
    return composite_on_white(pixels) if pixels.shape[2] == 4 else pixels


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PhotoError(f"{path} is a folder, not an image")
        if path.stat().st_size > MAX_BYTES:
            raise PhotoError(f"{path} is larger than the limit of {MAX_BYTES / 1e6:.0f} MB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoError(f"no such image: {path}") from error
    except (OSError, ValueError) as error:
        raise PhotoError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def _decode(encoded: bytes, name: str, max_pixels: int) -> Pixels:
    """Decode to ``(H, W, 3)`` RGB, or to ``(H, W, 4)`` RGBA if there is an alpha channel.

    Pillow checks the header, as OpenCV decodes images of any size; OpenCV decodes about twice as fast.
    """
    try:
        with Image.open(BytesIO(encoded)) as image:
            _check_size(name, image.size, max_pixels)
            has_alpha = image.mode in _ALPHA or "transparency" in image.info
            # OpenCV does not rotate images that it reads with their alpha.
            if image.format not in _BY_OPENCV or (has_alpha and "exif" in image.info):
                return _by_pillow(image, name)
    except UnidentifiedImageError as error:
        if encoded[4:12] in _HEIC:
            raise PhotoError(
                f"{name} is a HEIC file, which needs an additional package: pip install pillow-heif"
            ) from error
        raise PhotoError(f"{name} is not a supported image") from error
    except _BROKEN as error:
        raise PhotoError(f"{name} is damaged or not an image: {error}") from error
    return _by_opencv(encoded, name, has_alpha)


def _check_size(name: str, size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise PhotoError(f"{name} has {width}x{height} pixels, more than the limit of {max_pixels:,}")
    if not width * height:
        raise PhotoError(f"{name} has no pixels")


def _by_opencv(encoded: bytes, name: str, has_alpha: bool) -> Pixels:
    flags = cv2.IMREAD_UNCHANGED if has_alpha else cv2.IMREAD_COLOR_RGB
    try:
        decoded = cv2.imdecode(np.frombuffer(encoded, dtype=np.uint8), flags)
    except cv2.error as error:
        raise PhotoError(f"{name} cannot be decoded: {error.err}") from error
    if decoded is None:
        raise PhotoError(f"{name} is damaged or truncated")
    values = decoded.astype(np.uint16) >> 8 if decoded.dtype == np.uint16 else decoded
    pixels = np.asarray(values, dtype=np.uint8)
    if not has_alpha:
        return pixels
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    to_rgb = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(pixels, to_rgb), dtype=np.uint8)


def _by_pillow(image: Image.Image, name: str) -> Pixels:
    """Decode what OpenCV does not support."""
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith(("I", "F")):  # 16 bit
            values = np.asarray(upright)
            upright = Image.fromarray((values >> 8 if values.max(initial=0) > 255 else values).astype(np.uint8))
        has_alpha = upright.mode in _ALPHA or "transparency" in upright.info
        return np.array(upright.convert("RGBA" if has_alpha else "RGB"))
    except (*_BROKEN, TypeError) as error:
        raise PhotoError(f"{name} is damaged or cannot be decoded: {error}") from error
