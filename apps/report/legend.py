"""The legend of the table: how to read it, what each metric is based on, and how accurate the judges are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.report.numbers import printed
from apps.report.rows import Row
from apps.report.table import OVER_SEEDS, Cell, Column, Table


@dataclass(frozen=True)
class Basis:
    """Basis of a metric.

    Attributes:
        title: Title of the metric.
        judge: Name of the evaluation network; empty if there is none.
        samples: Number of samples, or a range if it differs.
        spread: Meaning of ± or the interval in rows with one seed; empty if there are none.
    """

    title: str
    judge: str
    samples: str
    spread: str


@dataclass(frozen=True)
class Legend:
    """The legend; all texts except the bases are sentences without full stops.

    Attributes:
        warnings: Reasons why rows may not be comparable.
        lines: How to read the table.
        bases: Basis of each column.
        judges: The evaluation networks with their own accuracy.
    """

    warnings: Sequence[str]
    lines: Sequence[str]
    bases: Sequence[Basis]
    judges: Sequence[str]


def legend_of(table: Table, warnings: Sequence[str], raters: Sequence[str] = ()) -> Legend:
    """Create the legend of a table.

    Args:
        table: The table.
        warnings: Reasons why rows may not be comparable.
        raters: Sentences on the raters, if the table contains ratings.
    """
    bases = [_basis(column, table.cells_of(column)) for column in table.columns]
    lines = [*_how_to_read(table), *_setups(table.rows), *raters]
    return Legend(warnings, lines, bases, _judges(table.rows))


def _how_to_read(table: Table) -> list[str]:
    lines = ["↓ lower is better, ↑ higher is better"]
    if not table.is_ranked:
        lines.append("best values are not marked, since the rows were not tested on the same data")
    elif len(table.rows) > 1:
        lines.append("bold: the best printed mean of its column, regardless of the spread")
    titles: dict[str, list[str]] = {}
    for column in table.columns:
        if column.key in table.unranked:
            titles.setdefault(table.unranked[column.key], []).append(column.title)
    lines += [f"{', '.join(of)}: best values are not marked, since {reason}" for reason, of in titles.items()]
    cells = [cell for row in table.cells for cell in row]
    if any(cell.spread_is == OVER_SEEDS for cell in cells):
        lines.append(f"± for several seeds: {OVER_SEEDS}")
    if any(_has_own_spread(cell) and cell.interval is None for cell in cells):
        lines.append("± for a single seed: the run's own spread, see below")
    if any(cell.interval is not None for cell in cells):
        lines.append("in brackets: 95 % confidence interval")
    return lines


def _has_own_spread(cell: Cell) -> bool:
    """Whether its spread is that of a single run."""
    return cell.spread is not None and cell.spread_is != OVER_SEEDS


def _setups(rows: Sequence[Row]) -> list[str]:
    """Devices and set-ups of the tests."""
    titles: dict[str, list[str]] = {}
    for row in rows:
        for run in row.runs:
            titles.setdefault(run.setup or "an unknown device", []).append(row.title)
    if len(titles) == 1:
        return [f"tested on {setup}" for setup in titles]
    return [f"tested on {setup}: {', '.join(dict.fromkeys(of))}" for setup, of in titles.items()]


def _basis(column: Column, cells: Sequence[Cell]) -> Basis:
    counts = {cell.samples for cell in cells if cell.samples}
    ends = dict.fromkeys((min(counts), max(counts))) if counts else {}
    spreads = dict.fromkeys(
        cell.spread_is if cell.interval is None else "95 % confidence interval"
        for cell in cells
        if _has_own_spread(cell) or cell.interval is not None
    )
    return Basis(
        column.title, column.judge or "", " to ".join(f"{count:,}" for count in ends), "; ".join(filter(None, spreads))
    )


def _judges(rows: Sequence[Row]) -> list[str]:
    """The evaluation networks by kind and name, without duplicates."""
    lines: dict[str, None] = {}
    for row in rows:
        for run in row.runs:
            for kind, judge in run.judges.items():
                reached = ", ".join(f"{of} {_share(value)}" for of, value in judge.reached.items())
                lines[f"judge of {kind}: {judge.name}" + (f"; its own {reached}" if reached else "")] = None
    return list(lines)


def _share(value: float) -> str:
    """A fraction as a percentage; other numbers unchanged."""
    return f"{printed(100 * value, 1)} %" if 0 <= value <= 1 else f"{value:g}"
