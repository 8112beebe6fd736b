"""Compares the files on disk with those in the lists."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from datamodules.check.report import SetReport
from datamodules.datasets.annotations import read_lines
from datamodules.errors import DataError
from datamodules.images import find_images


def list_images(folder: Path) -> list[Path]:
    """Sorted paths of all images in a folder, see ``find_images``; empty if it is missing or has none."""
    try:
        return find_images(folder)
    except DataError:
        return []


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
