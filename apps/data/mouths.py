"""``cartoongan data mouths``: a copy of a CartoonSet in which some mouths are closed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def mouths(
    cartoons: Annotated[Path, typer.Argument(help="Folder of a CartoonSet.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write, e.g. data/mouths/cartoonset10k.")],
    share: Annotated[float, typer.Option(help="Fraction of the open mouths to close, from 0 to 1.")] = 0.5,
) -> None:
    """Copy a CartoonSet with some mouths closed: all its heads show their teeth, and so would all cartoons."""
    from datamodules.datasets.closed_mouths import copy_with_closed_mouths

    closed, total = copy_with_closed_mouths(cartoons, out, share)
    print(f"{closed} of {total} cartoons have closed mouths now: {out}")
