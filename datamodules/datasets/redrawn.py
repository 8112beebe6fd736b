"""Copies of a CartoonSet in which some heads are redrawn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from cartoonizer.pictures import png
from datamodules.atomic import write_whole
from datamodules.datasets.cartoonset import find_cartoons
from datamodules.errors import DataError
from datamodules.kept_folder import whole_folder


def cartoons_to_copy(cartoons: Path, out: Path) -> list[str]:
    """The cartoons of a folder, relative to it.

    Raises:
        DataError: There are none, or ``out`` exists.
    """
    names = find_cartoons(cartoons)
    if not names:
        raise DataError(f"{cartoons} holds no cs*.png")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out} is there already; name a new folder for the copy")
    return names


def copy_redrawn(
    cartoons: Path,
    out: Path,
    names: Sequence[str],
    redraw: Callable[[str], NDArray[np.uint8] | None],
    rewrite: Callable[[str, str], str] | None = None,
) -> tuple[int, int]:
    """Copy a CartoonSet, atomically. Files that do not change are hard links, or copies on another file system.

    Args:
        cartoons: Folder of a CartoonSet.
        out: Folder to write.
        names: Its cartoons, see ``cartoons_to_copy``.
        redraw: Maps the name of a cartoon to its new image ``(S, S, 4)``; None keeps the image.
        rewrite: Maps the name of a cartoon and the text of its csv to the new text; by default it is kept.

    Returns:
        The number of redrawn cartoons and of all.

    Raises:
        DataError: A file cannot be read or written.
    """
    changed: list[str] = []

    def fill(folder: Path) -> None:
        tables = {Path(name).with_suffix(".csv"): name for name in names}
        for path in sorted(file for file in cartoons.rglob("*") if file.is_file() and file.suffix != ".png"):
            place = path.relative_to(cartoons)
            if rewrite and place in tables:
                write_whole(folder / place, rewrite(tables[place], path.read_text(encoding="utf-8")))
            else:
                _link(path, folder / place)
        for name in tqdm(names, desc="copy", unit="cartoon", disable=None):
            if (drawn := redraw(name)) is None:
                _link(cartoons / name, folder / name)
            else:
                write_whole(folder / name, png(Image.fromarray(drawn)))
                changed.append(name)

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        whole_folder(out, fill)
    except OSError as error:
        raise DataError(f"cannot write {out}: {error.strerror}") from error
    return len(changed), len(names)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
