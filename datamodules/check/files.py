"""Which files are there, and which are only talked about."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from datamodules.check.report import SetReport
from datamodules.datasets.annotations import read_lines
from datamodules.errors import DataError
from datamodules.images import IMAGE_SUFFIXES


def list_images(folder: Path) -> list[Path]:
    """Every image below a folder, linked sub-folders included, sorted; none where the folder is missing."""
    paths = (Path(parent) / name for parent, _, names in os.walk(folder, followlinks=True) for name in names)
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES)


def read_list(report: SetReport, path: Path) -> list[str]:
    """The lines of a list file; none, and an error in the report, where it cannot be read."""
    try:
        return read_lines(path, "the published set has it")
    except DataError as error:
        report.error(path, str(error))
        return []


def note_unlisted(report: SetReport, folder: Path, images: Iterable[Path], listed: set[Path], where: str) -> None:
    """Note the images that no list mentions, in one line."""
    unlisted = [path for path in images if path not in listed]
    if unlisted:
        report.note(folder, f"{len(unlisted):,} images are not in {where} and so are not read, as {unlisted[0].name}")
