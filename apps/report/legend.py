"""What stands around the table: how it is to be read, what each figure rests on, and how good the judges are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.report.numbers import printed
from apps.report.rows import Row
from apps.report.table import OVER_SEEDS, Cell, Column, Table


@dataclass(frozen=True)
class Basis:
    """What a figure rests on.

    Attributes:
        title: Of the figure.
        judge: Name of the network that judged; empty where none did.
        samples: Their number; from the smallest to the largest where they differ.
        spread: What ± means for a row of one seed; empty where no such row has it.
    """

    title: str
    judge: str
    samples: str
    spread: str


@dataclass(frozen=True)
class Legend:
    """Sentences without full stops, but for the figures' bases.

    Attributes:
        warnings: Why rows may not be comparable.
        lines: How to read the table.
        bases: Of each column.
        judges: Each with what it reaches itself.
    """

    warnings: Sequence[str]
    lines: Sequence[str]
    bases: Sequence[Basis]
    judges: Sequence[str]


def legend_of(table: Table, warnings: Sequence[str]) -> Legend:
    """What there is to say of a table."""
    bases = [_basis(column, table.cells_of(column)) for column in table.columns]
    return Legend(warnings, _how_to_read(table, bases), bases, _judges(table.rows))


def _how_to_read(table: Table, bases: Sequence[Basis]) -> list[str]:
    lines = ["↓ lower is better, ↑ higher is better"]
    if not table.is_ranked:
        lines.append("no best values are marked, since the rows were not tested on the same data")
    elif len(table.rows) > 1:
        lines.append("bold: the best mean of its column as printed, whatever the spread")
    if any(cell.spread_is == OVER_SEEDS for row in table.cells for cell in row):
        lines.append(f"± where there are several seeds: {OVER_SEEDS}")
    if any(basis.spread for basis in bases):
        lines.append("± where there is one seed: the run's own spread, see below")
    return lines


def _basis(column: Column, cells: Sequence[Cell]) -> Basis:
    counts = {cell.samples for cell in cells if cell.samples}
    ends = dict.fromkeys((min(counts), max(counts))) if counts else {}
    spreads = dict.fromkeys(
        cell.spread_is for cell in cells if cell.spread is not None and cell.spread_is != OVER_SEEDS
    )
    return Basis(
        column.title, column.judge or "", " to ".join(f"{count:,}" for count in ends), "; ".join(filter(None, spreads))
    )


def _judges(rows: Sequence[Row]) -> list[str]:
    """Each judge once, by kind and name."""
    lines: dict[str, None] = {}
    for row in rows:
        for run in row.runs:
            for kind, judge in run.judges.items():
                reached = ", ".join(f"{of} {_share(value)}" for of, value in judge.reached.items())
                lines[f"judge of {kind}: {judge.name}" + (f"; its own {reached}" if reached else "")] = None
    return list(lines)


def _share(value: float) -> str:
    """A fraction as a percentage; other numbers as they are."""
    return f"{printed(100 * value, 1)} %" if 0 <= value <= 1 else f"{value:g}"
