"""All results in a file of ratings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from apps.rate.questions import PREFERENCE, SCALES
from apps.rate.ratings import Ratings, read_ratings
from apps.rate.statistics import Estimate, agreement, mean_scores, preferences

FORMAT = 1
STRENGTH = "strength"


@dataclass(frozen=True)
class Report:
    """Results of a study.

    Attributes:
        raters: Number of people with any answer.
        ratings: Number of answers.
        variants: Estimates by title of the run, then by scale, "preference" and "strength".
        agreement: Agreement by scale, and for "preference".
    """

    raters: int
    ratings: int
    variants: dict[str, dict[str, Estimate]]
    agreement: dict[str, Estimate]

    @classmethod
    def read(cls, path: Path) -> Report:
        """Compute the report on a file.

        Raises:
            DataError: The file cannot be used.
        """
        ratings = read_ratings(path)
        compared = preferences(ratings.choices)
        columns = {scale.key: mean_scores(ratings.scores[scale.key]) for scale in SCALES}
        columns |= {PREFERENCE.key: compared.shares, STRENGTH: compared.strengths}
        variants = {
            title: {key: figures[index] for key, figures in columns.items()}
            for index, title in enumerate(ratings.titles)
        }
        return cls(ratings.raters, ratings.count, variants, agreements(ratings))

    def as_json(self) -> dict[str, object]:
        """As JSON values; intervals are pairs of bounds."""
        return {
            "format": FORMAT,
            "raters": self.raters,
            "ratings": self.ratings,
            "variants": {title: _plain(figures) for title, figures in self.variants.items()},
            "agreement": _plain(self.agreement),
        }


def agreements(ratings: Ratings) -> dict[str, Estimate]:
    """Agreement of raters on each scale, and on comparisons."""
    found = {scale.key: agreement(ratings.scores[scale.key], range(scale.low, scale.high + 1)) for scale in SCALES}
    return found | {PREFERENCE.key: agreement(ratings.choices, (-1, 0, 1))}


def _plain(figures: dict[str, Estimate]) -> dict[str, dict[str, object]]:
    return {key: asdict(figure) for key, figure in figures.items()}
