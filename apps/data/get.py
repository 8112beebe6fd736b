"""``cartoongan data get``: download a data set and unpack it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.data.set_names import SET_NAMES
from apps.options import RootOption
from datamodules.datasets.registry import find_set


def get_data(
    name: Annotated[str, typer.Argument(metavar="SET", help=f"One of {SET_NAMES}.")],
    root: RootOption = Path("data"),
    archives: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", metavar="ARCHIVE", help="An archive that you downloaded, or a folder of them; repeatable."
        ),
    ] = None,
) -> None:
    """Download a set, or take it from archives that you downloaded, and unpack it below ROOT atomically.

    An interrupted download resumes; a set that is already there is left alone.
    """
    from datamodules.download import get

    get(find_set(name).find_source(), root, archives or [])
