"""Reads images as the runtime does, with errors of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cartoonizer.decode import decode, decode_bytes, decode_rgba, find_files
from cartoonizer.errors import PhotoError
from datamodules.errors import DataError


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Decode an image file as ``(H, W, 3)`` uint8 RGB, upright and on white; see ``cartoonizer.decode``.

    Raises:
        DataError: The file is missing, or cannot be decoded.
    """
    with _data_errors():
        return decode(path)


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """Decode an image file as ``(H, W, 4)`` uint8 RGBA; images without alpha are opaque.

    Raises:
        DataError: The file is missing, or cannot be decoded.
    """
    with _data_errors():
        return decode_rgba(path)


def decode_rgb(encoded: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode the bytes of an image file as ``read_rgb`` does.

    Args:
        encoded: The whole file.
        path: Its path, for error messages.

    Raises:
        DataError: They cannot be decoded.
    """
    with _data_errors():
        return decode_bytes(encoded, str(path))


def find_images(folder: Path) -> list[Path]:
    """Sorted paths of all image files in a folder and its subfolders, following links.

    Raises:
        DataError: The folder is missing or contains no image.
    """
    if not folder.is_dir():
        raise DataError(f"no such folder of images: {folder}")
    with _data_errors():
        return find_files(folder)


@contextmanager
def _data_errors() -> Iterator[None]:
    try:
        yield
    except PhotoError as error:
        raise DataError(str(error)) from error
