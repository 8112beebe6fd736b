"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

RootOption = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder of the data sets; the one that `lightning` gets as --data.root.")
]
MovedRootOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of the data sets, if it has moved since training or test.")
]
RunsOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where the runs go (default: runs/ of the project).")
]
DetectorOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Detector; by default the project's own.")]
RoundsOption = Annotated[int, typer.Option(min=1, help="Interleaved rounds; the median counts.")]

RUNTIME_COMMAND: dict[str, Any] = {
    "add_help_option": False,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}
"""How a command of the runtime is registered: every word is the runtime's, ``--help`` too."""
