"""``cartoongan data frames``: a copy of a CartoonSet whose glasses have dark frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def frames(
    cartoons: Annotated[Path, typer.Argument(help="Folder of a CartoonSet.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write, e.g. data/dark/cartoonset10k.")],
    families: Annotated[
        Path | None,
        typer.Option(help="Table of parts (*.tsv) of recombined heads; their frames are those of `eyes_source`."),
    ] = None,
) -> None:
    """Copy a CartoonSet with the pale frames of glasses made dark: pale ones on skin are lost in a small cartoon."""
    from datamodules.datasets.dark_frames import copy_with_dark_frames

    changed, total = copy_with_dark_frames(cartoons, out, families)
    print(f"{changed} of {total} cartoons have dark frames now: {out}")
