"""The table of figures: a row a configuration, a column a figure and its judge."""

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
"""Keys of the figures that are shown first, in this order; others follow in their files' order."""

ON_THE_MACHINE = ("images_per_second", "peak_memory")
"""Keys of the figures that are of the machine as much as of the run."""

ARROWS: Mapping[str, str] = {"lower": "↓", "higher": "↑", "": ""}
"""Which way is better."""

OVER_SEEDS = "standard deviation over seeds"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Column:
    """A figure as one judge gave it.

    Attributes:
        key: Of the figure.
        title: Of the figure; with the judge's name where several judged it.
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
        """Whether it is among those shown first."""
        return self.key in LEADING

    @property
    def heading(self) -> str:
        """The title with the unit, and which way is better."""
        unit = f"({self.unit})" if self.unit else ""
        signs = "\N{NO-BREAK SPACE}".join(filter(None, (unit, ARROWS[self.better])))
        return f"{self.title} {signs}".rstrip()

    @property
    def scale(self) -> float:
        """By what values are multiplied where they are shown."""
        return 100.0 if self.unit == "%" else 1.0


@dataclass(frozen=True)
class Cell:
    """What a configuration reached.

    Attributes:
        value: Mean over the seeds that have a value; None if none has.
        spread: Standard deviation over these seeds; that of the run itself where there is one.
        spread_is: What kind of spread it is.
        seeds: Number of seeds with a value.
        samples: Number of samples of the seed with the fewest.
        notes: What to keep in mind.
        interval: The ends of a confidence interval; None if there is none, or several seeds.
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
    """A cell as it is printed.

    Attributes:
        value: The number, "–" where there is none.
        spread: "± 0.1", or the ends of an interval; empty if there is neither.
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
        cells: One list a row.
        is_ranked: Whether the best are marked: rows that were tested on different data have none.
        unranked: Why a figure has no best, by key.
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
        """A column from top to bottom."""
        place = self.columns.index(column)
        return [row[place] for row in self.cells]

    def marks_of(self, column: Column) -> list[int]:
        """Numbers of the footnotes that all cells of a column have; they stand at its head."""
        first, *others = [cell.notes for cell in self.cells_of(column)]
        return [self.footnotes.index(note) + 1 for note in first if others and all(note in notes for notes in others)]

    def shown(self, columns: Sequence[Column]) -> list[tuple[Row, list[Shown]]]:
        """Each row with its cells of some columns, as they are printed."""
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
        """The best of values as they are printed; None if they are all the same or there is but one."""
        known = {value for value in values if value is not None}
        if not self.is_ranked or column.key in self.unranked or not column.better or len(known) < 2:
            return None
        return min(known) if column.better == "lower" else max(known)


Judged = dict[tuple[str, str], tuple[str | None, Figure]]
"""What one run reached: judge and figure by key and title."""


def build_table(
    rows: Sequence[Row],
    ratings: Mapping[str, Mapping[str, Figure]],
    is_ranked: bool = True,
    unranked: Mapping[str, str] | None = None,
) -> Table:
    """Put the figures of all rows together.

    Args:
        rows: At least one.
        ratings: Figures that people gave, by title of the run and key.
        is_ranked: Whether to mark the best.
        unranked: Why not, by key of figures that are an exception.
    """
    judged = [[_judged(run, ratings.get(run.title, {})) for run in row.runs] for row in rows]
    columns = _columns([of_run for row in judged for of_run in row])
    cells = [[_cell([_figure_of(column, of_run) for of_run in row]) for column in columns] for row in judged]
    return Table(rows, _told_apart(columns), cells, is_ranked, unranked or {})


def _printed_spread(cell: Cell, scale: float, decimals: int) -> str:
    if cell.interval is not None:
        return f"({' to '.join(printed(scale * end, decimals) for end in cell.interval)})"
    return "" if cell.spread is None else f"± {printed(scale * cell.spread, decimals)}"


def _judged(run: MeasuredRun, ratings: Mapping[str, Figure]) -> Judged:
    figures = {**run.figures, **ratings}
    return {(key, figure.title): (run.judge_of(figure), figure) for key, figure in figures.items()}


def _columns(judged: Sequence[Judged]) -> list[Column]:
    """A column for each figure and judge; a figure without a value has one of its own only where no run has a value."""
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


def _told_apart(columns: Sequence[Column]) -> list[Column]:
    """The columns, with the judges' names in the titles that would be the same without."""
    titles = [(column.key, column.title) for column in columns]
    return [
        replace(column, title=f"{column.title}, by {column.judge}") if titles.count(title) > 1 else column
        for column, title in zip(columns, titles, strict=True)
    ]


def _cell(figures: Sequence[Figure | None]) -> Cell:
    """The mean of what the seeds reached."""
    there = [figure for figure in figures if figure is not None]
    notes = list(dict.fromkeys(figure.note for figure in there if figure.note))
    known = [figure for figure in there if figure.value is not None]
    values = [figure.value for figure in known if figure.value is not None]
    if not values:
        return Cell(None, notes=notes or [NOT_MEASURED])
    if len(values) < len(figures):
        notes.append(f"{len(values)} of {len(figures)} seeds with a value")
    samples = min((figure.samples for figure in known if figure.samples), default=None)
    if len(values) == 1:
        only = known[0]
        return Cell(values[0], only.spread, only.spread_is, 1, samples, notes, only.interval)
    return Cell(statistics.fmean(values), statistics.stdev(values), OVER_SEEDS, len(values), samples, notes)
