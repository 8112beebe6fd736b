"""Compares the files on disk with those in the lists."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from datamodules.check.report import SetReport
from datamodules.datasets.annotations import read_lines
from datamodules.errors import DataError
from datamodules.images import IMAGE_SUFFIXES


def list_images(folder: Path) -> list[Path]:
    """Sorted paths of all images in a folder and its subfolders, following links; empty if the folder is missing."""
    paths = (Path(parent) / name for parent, _, names in os.walk(folder, followlinks=True) for name in names)
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES)


def read_list(report: SetReport, path: Path) -> list[str]:
    """The lines of a list file; if it cannot be read, report an error and return no lines."""
    try:
        return read_lines(path, "it is part of the published set")
    except DataError as error:
        report.error(path, str(error))
        return []


def note_unlisted(report: SetReport, folder: Path, images: Iterable[Path], listed: set[Path], where: str) -> None:
    """Add a single note about the images that are not listed."""
    unlisted = [path for path in images if path not in listed]
    if unlisted:
        report.note(folder, f"{len(unlisted):,} images are not in {where} and are ignored, e.g. {unlisted[0].name}")
