"""Decodes all images of a set in parallel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from datamodules.check.geometry import Size
from datamodules.check.report import SetReport
from datamodules.images import read_rgb

_BATCH = 64


def decode_all(report: SetReport, paths: Sequence[Path], progress: bool) -> dict[Path, Size]:
    """Decode images as training does, and report those that fail.

    Threads are enough, since OpenCV releases the GIL while it decodes.

    Args:
        report: Receives an error per unreadable image.
        paths: The images.
        progress: Show a progress bar if there is a terminal.

    Returns:
        The size of every decoded image.
    """
    batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
    sizes: dict[Path, Size] = {}
    with (
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
        tqdm(total=len(paths), desc=report.folder.name, unit="image", disable=None if progress else True) as bar,
    ):
        for batch, outcomes in zip(batches, pool.map(_decode_batch, batches), strict=True):
            for path, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, str):
                    report.error(path, outcome)
                else:
                    sizes[path] = outcome
            bar.update(len(batch))
    return sizes


def _decode_batch(paths: Sequence[Path]) -> list[Size | str]:
    return [_decode(path) for path in paths]


def _decode(path: Path) -> Size | str:
    """Width and height of an image, or the reason why it cannot be decoded."""
    try:
        height, width, _ = read_rgb(path).shape
    except Exception as error:  # decoders may raise anything on a damaged file, and the check must continue
        return str(error).replace(str(path), path.name) or type(error).__name__
    return width, height
