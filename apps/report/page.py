"""Renders the page: table, faces, curves and commands in a single self-contained file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from apps.report.commands import command_of_test, training_commands
from apps.report.curves import Curves
from apps.report.legend import Legend
from apps.report.pictures import Gallery
from apps.report.table import Column, Table
from datamodules.extras import needs_extra


@dataclass(frozen=True)
class Part:
    """Columns with a common heading."""

    title: str
    columns: Sequence[Column]


def render_page(table: Table, legend: Legend, curves: Curves, gallery: Gallery | None, command: str) -> str:
    """Render the page as HTML with embedded pictures.

    Args:
        table: The table.
        legend: Its legend.
        curves: Training curves; may be empty.
        gallery: The pictures, if any.
        command: The command line of the report.
    """
    with needs_extra("report"):
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    leading = [column for column in table.columns if column.is_leading]
    others = [column for column in table.columns if not column.is_leading]
    parts = [Part("Figures", leading), Part("Further figures" if leading else "Figures", others)]
    return environment.get_template("page.html.jinja").render(
        table=table,
        parts=[part for part in parts if part.columns],
        legend=legend,
        pictures={name: Markup(svg) for name, svg in curves.pictures.items()},
        colours=curves.colours,
        gallery=gallery,
        command=command,
        training_commands=training_commands,
        command_of_test=command_of_test,
        made=f"{datetime.now():%d %B %Y}",
    )
