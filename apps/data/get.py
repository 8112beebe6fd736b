"""``cartoongan data get``: download a data set and unpack it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.data.options import SET_NAMES, RootOption
from datamodules.datasets.registry import find_set


def get_data(
    name: Annotated[str, typer.Argument(metavar="SET", help=f"One of {SET_NAMES}.")],
    root: RootOption = Path("data"),
    archives: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="ARCHIVE", help="A file got by hand, or the folder of such files; repeatable."),
    ] = None,
) -> None:
    """Download a set, or take it from archives got by hand, and unpack it below ROOT: finished or not at all.

    What was stopped goes on where it was; a set that is there is left alone.
    """
    from datamodules.download import get

    get(find_set(name).find_source(), root, archives or [])
