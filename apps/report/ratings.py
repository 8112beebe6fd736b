"""What people said of the runs, as further figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from apps.report.runs import Figure, MeasuredRun, read_figure
from apps.report.section import Json, Section

Ratings = Mapping[str, Mapping[str, Figure]]
"""Figures by title of the run and key."""


def read_ratings(database: Path, runs: Sequence[MeasuredRun]) -> tuple[Ratings, list[str]]:
    """The ratings of runs in a database of ``cartoongan rate``.

    Returns:
        The ratings; and warnings of ratings that belong to no run, or to none for certain.

    Raises:
        DataError: The database cannot be read.
    """
    from apps.rate.summary import summarise

    summary: Mapping[str, Mapping[str, Json]] = summarise(database)  # type: ignore[assignment]  # dict is invariant
    titles = [run.title for run in runs]
    unknown = [title for title in summary if title not in titles]
    ambiguous = [title for title in summary if titles.count(title) > 1]
    warnings = [f"{database.name} has ratings of {title}, which is not among the runs" for title in unknown]
    warnings += [f"several runs are called {title}; their ratings are left out" for title in ambiguous]
    ratings = {
        title: {key: read_figure(Section(figure, database, f"{title}: {key}")) for key, figure in figures.items()}
        for title, figures in summary.items()
        if title not in ambiguous
    }
    return ratings, warnings
