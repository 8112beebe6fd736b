"""Ratings of each run in the format of measured metrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from apps.rate.questions import PREFERENCE, SCALES
from apps.rate.ratings import Ratings, read_ratings
from apps.rate.report import STRENGTH, agreements
from apps.rate.statistics import Estimate, mean_scores, preferences


def summarise(database: Path) -> dict[str, dict[str, dict[str, object]]]:
    """The results of ratings, in the format of ``figures`` in a run's ``test/metrics.json``.

    Besides "spread", half the width of the confidence interval, they have "interval" with its bounds, since intervals
    near an end of the scale are asymmetric.

    Args:
        database: A file of ``cartoongan rate``.

    Returns:
        By title of the run, such as "cyclegan_full/s7", and key: rating_identity, rating_realistic and
        rating_as_profile if there are scores; preference and strength if there are comparisons. All runs have the same
        keys.

    Raises:
        DataError: The file cannot be used.
    """
    ratings = read_ratings(database)
    by_key = _scores(ratings) | _preference(ratings)
    return {
        title: {key: of_runs[index] for key, of_runs in by_key.items()} for index, title in enumerate(ratings.titles)
    }


def rated_checkpoints(database: Path) -> dict[str, str]:
    """SHA-256 of the rated checkpoint by title of the run.

    Raises:
        DataError: The file cannot be used.
    """
    ratings = read_ratings(database)
    return dict(zip(ratings.titles, ratings.digests, strict=True))


def describe_raters(database: Path) -> list[str]:
    """Sentences without full stops on the raters, and on their agreement on each question.

    Raises:
        DataError: The file cannot be used.
    """
    ratings = read_ratings(database)
    titles = {question.key: question.title for question in (*SCALES, PREFERENCE)}
    answers = {**ratings.scores, PREFERENCE.key: ratings.choices}
    lines = [f"rated by people: {len(ratings.titles)} runs by {ratings.raters} people in {ratings.count} answers"]
    for key, figure in agreements(ratings).items():
        if not np.isnan(answers[key]).all():
            value = None if figure.value is None else f"{figure.value:.2f}".replace("-", "\N{MINUS SIGN}")
            alpha = figure.note if value is None else f"{value} over {figure.samples} answers"
            lines.append(f"Krippendorff's alpha of {titles[key]}, 1 agreement and 0 chance: {alpha}")
    return lines


def _scores(ratings: Ratings) -> dict[str, list[dict[str, object]]]:
    given = {scale: mean_scores(ratings.scores[scale.key]) for scale in SCALES}
    return {
        f"rating_{scale.key}": [_describe(f"{scale.title}, rated by people (1-5)", "", figure) for figure in figures]
        for scale, figures in given.items()
        if any(figure.samples for figure in figures)
    }


def _preference(ratings: Ratings) -> dict[str, list[dict[str, object]]]:
    found = preferences(ratings.choices)
    if not any(figure.samples for figure in found.shares):
        return {}
    title = "Preferred by people, against another variant on average"
    strength = "Strength of Bradley and Terry, log-odds, 0 on average over the rated runs"
    return {
        PREFERENCE.key: [_describe(title, "%", figure) for figure in found.shares],
        STRENGTH: [_describe(strength, "", figure) for figure in found.strengths],
    }


def _describe(title: str, unit: str, figure: Estimate) -> dict[str, object]:
    return {
        "title": title,
        "value": figure.value,
        "spread": None if figure.interval is None else (figure.interval[1] - figure.interval[0]) / 2,
        "spread_is": "half of the 95 % confidence interval",
        "interval": None if figure.interval is None else list(figure.interval),
        "samples": figure.samples,
        "unit": unit,
        "better": "higher",
        "judge": None,
        "note": figure.note,
    }
