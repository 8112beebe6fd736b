"""Formats the report on ratings for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.rate.questions import PREFERENCE, SCALES
from apps.rate.report import STRENGTH, Report

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from apps.rate.statistics import Estimate

TITLES = {scale.key: f"{scale.title} (1-5)" for scale in SCALES} | {
    PREFERENCE.key: "preferred (%)",
    STRENGTH: "strength",
}
"""Titles of the questions by key."""

INTERVALS = "95 % intervals: over raters and photos (both are resampled)"
PREFERRED = (
    "preferred: mean probability of winning against another run; strength: Bradley-Terry log-odds, 0 on average; "
    '"no difference" counts as half a win for both'
)


def render(report: Report) -> list[RenderableType]:
    """A table of the results, and notes below it."""
    keys = [key for key in TITLES if any(figures[key].samples for figures in report.variants.values())]
    head = f"{_count(report.raters, 'rater')}, {_count(report.ratings, 'answer')}"
    if not keys:
        return [f"{head}: no results yet"]
    below = [INTERVALS] + ([PREFERRED] if STRENGTH in keys else [])
    return [head, _table(report, keys), *_agreement(report, keys), *below, *_notes(report, keys)]


def _table(report: Report, keys: list[str]) -> Table:
    from rich.table import Table

    table = Table("question", "run", "value", "95 % interval", "answers")
    for key in keys:
        for place, (title, figures) in enumerate(report.variants.items()):
            table.add_row(
                TITLES[key] if place == 0 else "", title, *_cells(figures[key], is_share=key == PREFERENCE.key)
            )
        table.add_section()
    return table


def _cells(figure: Estimate, is_share: bool) -> tuple[str, str, str]:
    """Value, interval and number of answers; fractions as percentages."""

    def write(value: float) -> str:
        return f"{100 * value:.0f}" if is_share else f"{value:.2f}"

    value = "-" if figure.value is None else write(figure.value)
    interval = "-" if figure.interval is None else " to ".join(write(end) for end in figure.interval)
    return value, interval, str(figure.samples)


def _agreement(report: Report, keys: list[str]) -> list[str]:
    """Krippendorff's alpha of each question, or the reason why there is none."""
    lines = []
    for key in keys:
        if key in report.agreement:
            figure = report.agreement[key]
            found = figure.note if figure.value is None else f"alpha {figure.value:.2f} over {figure.samples} answers"
            lines.append(f"agreement, {key}: {found}")
    return [*lines, "alpha: Krippendorff's, ordinal; 1 is perfect agreement, 0 is chance level"]


def _notes(report: Report, keys: list[str]) -> list[str]:
    """Notes on the results, each once, with the runs that it applies to."""
    titles: dict[str, dict[str, None]] = {}
    for title, figures in report.variants.items():
        for key in keys:
            if note := figures[key].note:
                titles.setdefault(f"{TITLES[key].split()[0]}: {note}", {})[title] = None
    return [f"note: {note} ({', '.join(of)})" for note, of in titles.items()]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
