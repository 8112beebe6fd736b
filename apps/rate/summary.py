"""What people said of each run, as figures beside those that are measured."""

from __future__ import annotations

from pathlib import Path

from apps.rate.questions import SCALES
from apps.rate.ratings import Ratings, read_ratings
from apps.rate.statistics import Figure, mean_scores, preferences


def summarise(database: Path) -> dict[str, dict[str, dict[str, object]]]:
    """The figures of people's ratings, in the form of the ``figures`` of a run's ``test/metrics.json``.

    Args:
        database: A file that `cartoongan rate` wrote.

    Returns:
        By title of the run, "cyclegan_full/s7", and key: rating_identity, rating_realistic and rating_as_profile where
        anything was scored, preference where anything was compared. The keys are the same for all runs.

    Raises:
        DataError: The file cannot be used.
    """
    ratings = read_ratings(database)
    by_key = _scores(ratings) | _preference(ratings)
    return {
        title: {key: of_runs[index] for key, of_runs in by_key.items()} for index, title in enumerate(ratings.titles)
    }


def _scores(ratings: Ratings) -> dict[str, list[dict[str, object]]]:
    given = {scale: mean_scores(ratings.scores[scale.key]) for scale in SCALES}
    return {
        f"rating_{scale.key}": [_describe(f"{scale.title}, rated by people (1-5)", "", figure) for figure in figures]
        for scale, figures in given.items()
        if any(figure.samples for figure in figures)
    }


def _preference(ratings: Ratings) -> dict[str, list[dict[str, object]]]:
    figures = preferences(ratings.choices).shares
    if not any(figure.samples for figure in figures):
        return {}
    title = "Preferred by people, against another variant on average"
    return {"preference": [_describe(title, "%", figure) for figure in figures]}


def _describe(title: str, unit: str, figure: Figure) -> dict[str, object]:
    return {
        "title": title,
        "value": figure.value,
        "spread": None if figure.interval is None else (figure.interval[1] - figure.interval[0]) / 2,
        "spread_is": "half of the 95 % confidence interval",
        "samples": figure.samples,
        "unit": unit,
        "better": "higher",
        "judge": None,
        "note": figure.note,
    }
