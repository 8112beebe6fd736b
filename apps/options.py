"""Options shared by several commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

RootOption = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of the data sets, as for `lightning` --data.root.")
]
MovedRootOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of the data sets, if it has moved since training or test.")
]
RunsOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of the runs (default: runs/ of the project).")
]
DetectorOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Detector; by default the project's own.")]
RoundsOption = Annotated[int, typer.Option(min=1, help="Interleaved rounds; the median counts.")]

RUNTIME_COMMAND: dict[str, Any] = {
    "add_help_option": False,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}
"""Settings of a command of the runtime: all arguments are passed through, including ``--help``."""
