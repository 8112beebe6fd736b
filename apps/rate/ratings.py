"""The ratings of a file as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apps.rate.database import connect, explained
from apps.rate.questions import PREFERENCE, SCALES


@dataclass(frozen=True)
class Ratings:
    """Ratings of V variants' cartoons of P photos by R raters; NaN for missing answers.

    Attributes:
        titles: Titles of the variants.
        digests: SHA-256 of the variants' checkpoints.
        scores: (R, P, V) scores from 1 to 5 by key of the scale.
        choices: (R, P, V, V), above the diagonal: -1 if the variant of the row is better, 1 if that of the column, 0
            for no difference.
        raters: Number of people with any answer.
        count: Number of answers.
    """

    titles: Sequence[str]
    digests: Sequence[str]
    scores: dict[str, NDArray[np.float64]]
    choices: NDArray[np.float64]
    raters: int
    count: int


def read_ratings(path: Path) -> Ratings:
    """Read a file of ratings, which may be in use.

    Raises:
        DataError: The file cannot be used.
    """
    connection = connect(path)
    try:
        with explained(path):
            variants = connection.execute("SELECT title, digest FROM variant ORDER BY id").fetchall()
            (photos,) = connection.execute("SELECT count(*) FROM photo").fetchone()
            rows = connection.execute(
                "SELECT rater, question, photo, first, second, value FROM rating JOIN item ON item.id = item"
            ).fetchall()
    finally:
        connection.close()
    titles, digests = ([variant[column] for variant in variants] for column in (0, 1))
    place = {rater: index for index, rater in enumerate(sorted({row[0] for row in rows}))}
    shape = (len(place), photos, len(titles))
    scores = {scale.key: np.full(shape, np.nan) for scale in SCALES}
    choices = np.full((*shape, len(titles)), np.nan)
    for rater, question, photo, first, second, value in rows:
        if question == PREFERENCE.key:
            choices[place[rater], photo - 1, first - 1, second - 1] = value
        else:
            scores[question][place[rater], photo - 1, first - 1] = value
    return Ratings(titles, digests, scores, choices, len(place), len(rows))
