"""The table of metrics: a row per configuration, a column per metric and judge."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from apps.report.numbers import DASH, decimals_for, printed
from apps.report.rows import Row
from apps.report.runs import MeasuredRun
from lightning_modules.figure import Figure

LEADING = (
    *("rating_identity", "rating_realistic", "rating_as_profile", "preference"),
    *("kernel_cartoon", "hair_accuracy", "hair_control", "landmark_consistency"),
    *("pose_variety", "invented_glasses", "diversity", "cycle_photo"),
)
"""Keys of the metrics that come first, in this order; others follow in file order."""

ON_THE_MACHINE = ("images_per_second", "peak_memory")
"""Keys of the metrics that also depend on the machine."""

ARROWS: Mapping[str, str] = {"lower": "↓", "higher": "↑", "": ""}
"""Arrows for the better direction."""

OVER_SEEDS = "standard deviation over seeds"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Column:
    """A metric of one judge.

    Attributes:
        key: Key of the metric.
        title: Title of the metric, including the judge's name if there are several judges.
        unit: See ``Figure``.
        better: See ``Figure``.
        judge: Name of the judge, or None.
    """

    key: str
    title: str
    unit: str
    better: str
    judge: str | None

    @property
    def is_leading(self) -> bool:
        """Whether it is one of the columns that come first."""
        return self.key in LEADING

    @property
    def heading(self) -> str:
        """The title with the unit and an arrow for the better direction."""
        unit = f"({self.unit})" if self.unit else ""
        signs = "\N{NO-BREAK SPACE}".join(filter(None, (unit, ARROWS[self.better])))
        return f"{self.title} {signs}".rstrip()

    @property
    def scale(self) -> float:
        """Factor for printed values."""
        return 100.0 if self.unit == "%" else 1.0


@dataclass(frozen=True)
class Cell:
    """Result of a configuration.

    Attributes:
        value: Mean over the seeds with a value; None if there are none.
        spread: Standard deviation over these seeds; for a single seed, the run's own spread.
        spread_is: Meaning of the spread.
        seeds: Number of seeds with a value.
        samples: Minimum number of samples over the seeds.
        notes: Remarks.
        interval: Bounds of the confidence interval; None if there is none, or several seeds.
    """

    value: float | None
    spread: float | None = None
    spread_is: str = ""
    seeds: int = 0
    samples: int | None = None
    notes: Sequence[str] = ()
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Shown:
    """A formatted cell.

    Attributes:
        value: The number, or "–" if there is none.
        spread: "± 0.1", or the bounds of an interval; empty if there is neither.
        is_best: Whether no other row is better.
        marks: Numbers of its footnotes.
    """

    value: str
    spread: str
    is_best: bool
    marks: Sequence[int]


@dataclass(frozen=True)
class Table:
    """All rows and columns.

    Attributes:
        rows: From top to bottom.
        columns: From left to right.
        cells: One list per row.
        is_ranked: Whether best values are marked; not if rows were tested on different data.
        unranked: By key, the reason why best values of a metric are not marked.
    """

    rows: Sequence[Row]
    columns: Sequence[Column]
    cells: Sequence[Sequence[Cell]]
    is_ranked: bool = True
    unranked: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def footnotes(self) -> list[str]:
        """The notes of all cells, numbered from 1, column by column."""
        return list(
            dict.fromkeys(note for cells in zip(*self.cells, strict=True) for cell in cells for note in cell.notes)
        )

    def cells_of(self, column: Column) -> list[Cell]:
        """The cells of a column, from top to bottom."""
        place = self.columns.index(column)
        return [row[place] for row in self.cells]

    def marks_of(self, column: Column) -> list[int]:
        """Numbers of the footnotes that all cells of a column share, for its heading."""
        first, *others = [cell.notes for cell in self.cells_of(column)]
        return [self.footnotes.index(note) + 1 for note in first if others and all(note in notes for notes in others)]

    def shown(self, columns: Sequence[Column]) -> list[tuple[Row, list[Shown]]]:
        """Each row with its formatted cells of some columns."""
        printed_columns = [self._printed(column) for column in columns]
        return [(row, [cells[index] for cells in printed_columns]) for index, row in enumerate(self.rows)]

    def _printed(self, column: Column) -> list[Shown]:
        cells = self.cells_of(column)
        values = [None if cell.value is None else column.scale * cell.value for cell in cells]
        spreads = [None if cell.spread is None else column.scale * cell.spread for cell in cells]
        decimals = decimals_for(
            [value for value in values if value is not None], [spread for spread in spreads if spread is not None]
        )
        rounded = [None if value is None else round(value, decimals) for value in values]
        best = self._best(column, rounded)
        at_head = self.marks_of(column)
        marks = [[self.footnotes.index(note) + 1 for note in cell.notes] for cell in cells]
        return [
            Shown(
                DASH if value is None else printed(value, decimals),
                _printed_spread(cell, column.scale, decimals),
                value is not None and value == best,
                [mark for mark in own if mark not in at_head],
            )
            for value, cell, own in zip(rounded, cells, marks, strict=True)
        ]

    def _best(self, column: Column, values: Sequence[float | None]) -> float | None:
        """The best printed value; None if all are equal or there is only one."""
        known = {value for value in values if value is not None}
        if not self.is_ranked or column.key in self.unranked or not column.better or len(known) < 2:
            return None
        return min(known) if column.better == "lower" else max(known)


Judged = dict[tuple[str, str], tuple[str | None, Figure]]
"""Results of one run: judge and metric by key and title."""


def build_table(
    rows: Sequence[Row],
    ratings: Mapping[str, Mapping[str, Figure]],
    is_ranked: bool = True,
    unranked: Mapping[str, str] | None = None,
) -> Table:
    """Build the table of all rows.

    Args:
        rows: At least one.
        ratings: Results of ratings by title of the run and key.
        is_ranked: Whether to mark best values.
        unranked: Exceptions by key, with the reason.
    """
    judged = [[_judged(run, ratings.get(run.title, {})) for run in row.runs] for row in rows]
    columns = _columns([of_run for row in judged for of_run in row])
    cells = [[_cell([_figure_of(column, of_run) for of_run in row]) for column in columns] for row in judged]
    return Table(rows, _with_unique_titles(columns), cells, is_ranked, unranked or {})


def _printed_spread(cell: Cell, scale: float, decimals: int) -> str:
    if cell.interval is not None:
        return f"({' to '.join(printed(scale * end, decimals) for end in cell.interval)})"
    return "" if cell.spread is None else f"± {printed(scale * cell.spread, decimals)}"


def _judged(run: MeasuredRun, ratings: Mapping[str, Figure]) -> Judged:
    figures = {**run.figures, **ratings}
    return {(key, figure.title): (run.judge_of(figure), figure) for key, figure in figures.items()}


def _columns(judged: Sequence[Judged]) -> list[Column]:
    """A column per metric and judge; a metric without a value has its own column only if no run has a value."""
    found: dict[tuple[str, str, str | None], Column] = {}
    entries = [(names, entry) for of_run in judged for names, entry in of_run.items()]
    valued = {names for names, (_, figure) in entries if figure.value is not None}
    for names, (judge, figure) in entries:
        key, title = names
        if figure.value is not None or names not in valued:
            found.setdefault((key, title, judge), Column(key, title, figure.unit, figure.better, judge))
    order = list(dict.fromkeys((*LEADING, *(key for (key, _), _ in entries))))
    return sorted(found.values(), key=lambda column: order.index(column.key))


def _figure_of(column: Column, judged: Judged) -> Figure | None:
    judge, figure = judged.get((column.key, column.title), (None, None))
    return figure if figure and (figure.value is None or judge == column.judge) else None


def _with_unique_titles(columns: Sequence[Column]) -> list[Column]:
    """The columns, with the judges' names added to ambiguous titles."""
    titles = [(column.key, column.title) for column in columns]
    return [
        replace(column, title=f"{column.title}, by {column.judge}") if titles.count(title) > 1 else column
        for column, title in zip(columns, titles, strict=True)
    ]


def _cell(figures: Sequence[Figure | None]) -> Cell:
    """The mean over the seeds."""
    there = [figure for figure in figures if figure is not None]
    notes = list(dict.fromkeys(figure.note for figure in there if figure.note))
    known = [figure for figure in there if figure.value is not None]
    values = [figure.value for figure in known if figure.value is not None]
    if not values:
        return Cell(None, notes=notes or [NOT_MEASURED])
    if len(values) < len(figures):
        notes.append(f"{len(values)} of {len(figures)} seeds have a value")
    samples = min((figure.samples for figure in known if figure.samples), default=None)
    if len(values) == 1:
        only = known[0]
        return Cell(values[0], only.spread, only.spread_is, 1, samples, notes, only.interval)
    return Cell(statistics.fmean(values), statistics.stdev(values), OVER_SEEDS, len(values), samples, notes)
