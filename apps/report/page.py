"""The page: table, faces, curves and commands in one file that needs no other."""

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
    """Columns that stand together under a heading."""

    title: str
    columns: Sequence[Column]


def render_page(table: Table, legend: Legend, curves: Curves, gallery: Gallery | None, command: str) -> str:
    """The page as HTML, with all pictures in it.

    Args:
        table: The figures.
        legend: What stands around them.
        curves: May be empty.
        gallery: None where there are no pictures.
        command: The command line that made the report.
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
