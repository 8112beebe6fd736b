"""A copy of a CartoonSet whose glasses have dark frames."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.datasets.cartoonset import NO_GLASSES, read_attributes
from datamodules.datasets.group_split import read_families
from datamodules.datasets.redrawn import cartoons_to_copy, copy_redrawn
from datamodules.errors import DataError
from datamodules.images import read_rgb, read_rgba
from datamodules.transforms.glasses import frame_mask, with_dark_frames


def copy_with_dark_frames(cartoons: Path, out: Path, families: Path | None = None) -> tuple[int, int]:
    """Copy a CartoonSet, with the pale frames of glasses made dark.

    Frames are found by their exact colours, which resampling mixes. Recombined heads of a smaller size therefore take
    the frames of the original that their eyes are from.

    Args:
        cartoons: Folder of a CartoonSet.
        out: Folder to write. Files that need no change are hard links, or copies on another file system.
        families: Tab-separated table of recombined heads: file, ``eyes_source`` and ``mirrored`` (0 or 1).

    Returns:
        The number of changed cartoons and of all.

    Raises:
        DataError: There are no cartoons, the table does not fit, a file cannot be read or written, or ``out`` exists.
    """
    names = cartoons_to_copy(cartoons, out)
    sources = read_families(families, "eyes_source") if families else {}
    mirrored = read_families(families, "mirrored") if families else {}
    if lost := [name for name in names if not (cartoons / sources.get(name, name)).is_file()]:
        raise DataError(f"{families}: {lost[0]} is from {sources[lost[0]]}, which is not in {cartoons}")

    @cache
    def mask_of(name: str) -> NDArray[np.bool_]:
        return frame_mask(read_rgb(cartoons / name))

    def darkened(name: str) -> NDArray[np.uint8] | None:
        attributes = read_attributes((cartoons / name).with_suffix(".csv"))
        if attributes.get("glasses", NO_GLASSES) == NO_GLASSES:
            return None
        mask = mask_of(sources.get(name, name))
        if not mask.any():
            return None
        return with_dark_frames(read_rgba(cartoons / name), mask[:, ::-1] if mirrored.get(name) == "1" else mask, name)

    return copy_redrawn(cartoons, out, names, darkened)
