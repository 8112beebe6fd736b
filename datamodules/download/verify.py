"""Verification of downloaded files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from datamodules.download.sources import Checksum
from datamodules.errors import DataError


def verify(path: Path, size: int | None, checksum: Checksum | None) -> None:
    """Compare a file with its published size and hash, where known.

    Raises:
        DataError: Size or hash differ; the message has both values.
    """
    found_size = path.stat().st_size
    if size is not None and found_size != size:
        raise DataError(f"{path} has {found_size:,} bytes, but the published file has {size:,}")
    if checksum is None:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, checksum.algorithm).hexdigest()
    if found != checksum.digest:
        raise DataError(
            f"{path} has the {checksum.algorithm} {found}, but the published file has {checksum.digest}:"
            " it is damaged or has changed"
        )


def looks_like_html(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a web page."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html", b"<head", b"<!--"))
