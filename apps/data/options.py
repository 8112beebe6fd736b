"""Options that several commands of ``cartoongan data`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamodules.datasets.registry import data_sets

RootOption = Annotated[
    Path, typer.Option(help="Folder of the data sets; the one that `lightning` gets as --data.root.")
]
SET_NAMES = ", ".join(map(str, data_sets()))
