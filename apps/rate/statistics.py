"""Figures of ratings, with intervals that hold for other raters and other photos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 1000
"""Resamples behind every interval."""

FEW_RATERS = 5
"""Below that many an interval is given with a warning."""

VIRTUAL_WINS = 0.5
"""Added to the wins of each variant over each other one, so that a variant that always won has a finite strength."""


@dataclass(frozen=True)
class Estimate:
    """An estimate from ratings, or why there is none.

    Attributes:
        value: None where there are too few ratings.
        interval: 95 % confidence interval, or None where it would be nonsense.
        samples: Ratings behind it.
        note: What is missing or to be kept in mind.
    """

    value: float | None
    interval: tuple[float, float] | None
    samples: int
    note: str | None = None


@dataclass(frozen=True)
class Preferences:
    """What comparisons say of V variants.

    Attributes:
        strengths: Of Bradley and Terry: the logarithm of the odds; 0 on average.
        shares: Probability to win against another one of the variants, on average over those.
    """

    strengths: list[Estimate]
    shares: list[Estimate]


@dataclass(frozen=True)
class Resamples:
    """How often each rater and each photo is drawn in each of B resamples.

    Raters and photos are drawn with replacement and independently of each other (the pigeonhole bootstrap, Owen 2007):
    the ratings of one person have that person's taste in common, those of one photo its difficulty. Ratings drawn one
    by one would count as independent and give intervals that are too narrow.

    Attributes:
        raters: (B, R).
        photos: (B, P).
    """

    raters: Array
    photos: Array

    @classmethod
    def draw(cls, raters: int, photos: int, rounds: int = ROUNDS) -> Resamples:
        """Resamples of so many raters and photos, the same in every call."""
        random = np.random.default_rng(0)
        return cls(
            *(random.multinomial(count, [1 / count] * count, rounds).astype(float) for count in (raters, photos))
        )

    def sum(self, values: Array | NDArray[np.int_]) -> Array:
        """Sums (B, ...) of values (R, P, ...) over the raters and photos drawn."""
        return np.asarray(np.einsum("br,bp,rp...->b...", self.raters, self.photos, values, optimize=True))


def mean_scores(scores: Array) -> list[Estimate]:
    """Mean score of each variant, over all ratings of it.

    Args:
        scores: (R, P, V), NaN where there is none.
    """
    is_given = (~np.isnan(scores)).astype(int)
    if not is_given.any():
        return [_nothing("nobody has scored its cartoons yet")] * scores.shape[2]
    resamples = Resamples.draw(*scores.shape[:2])
    totals, counts = resamples.sum(np.nan_to_num(scores)), resamples.sum(is_given)
    with np.errstate(invalid="ignore"):
        means = totals / counts
    figures = []
    for variant in range(scores.shape[2]):
        given = is_given[..., variant]
        if given.any():
            figures.append(_with_interval(float(np.nanmean(scores[..., variant])), means[:, variant], given))
        else:
            figures.append(_nothing("nobody has scored its cartoons yet"))
    return figures


def agreement(ratings: Array, domain: Sequence[float]) -> Estimate:
    """Krippendorff's alpha for ordinal answers: 1 is perfect agreement, 0 that of chance.

    Args:
        ratings: (R, ...) answers of the raters to items of any shape, NaN where there is none.
        domain: All possible answers in their order.
    """
    import krippendorff

    ratings = ratings.reshape(len(ratings), math.prod(ratings.shape[1:]))
    raters_of_item = (~np.isnan(ratings)).sum(axis=0)
    is_shared = raters_of_item >= 2
    samples = int(raters_of_item[is_shared].sum())
    if not is_shared.any():
        return _nothing("agreement needs an item that two people have rated")
    shared = ratings[:, is_shared]
    if len(np.unique(shared[~np.isnan(shared)])) == 1:
        return Estimate(None, None, samples, "all answers are the same: agreement cannot be told from chance")
    alpha = krippendorff.alpha(shared, value_domain=list(domain), level_of_measurement="ordinal")
    return Estimate(float(alpha), None, samples)


def preferences(choices: Array) -> Preferences:
    """Strengths of Bradley and Terry, by maximum likelihood.

    "No difference" counts as half a win for either. ``VIRTUAL_WINS`` draw strengths a little towards each other, the
    more the fewer comparisons there are.

    Args:
        choices: (R, P, V, V), see ``apps.rate.ratings.Ratings``.
    """
    variants = choices.shape[2]
    wins = _wins(choices)
    totals = wins.sum(axis=(0, 1))
    compared = (totals + totals.T).sum(axis=1) > 0
    nothing = _nothing("its cartoons were compared with no others yet")
    if not compared.any():
        return Preferences([nothing] * variants, [nothing] * variants)
    strengths = fit_strengths(totals)
    resampled = np.array([fit_strengths(each, strengths) for each in Resamples.draw(*choices.shape[:2]).sum(wins)])
    given = ~np.isnan(choices)
    answers = given.sum(axis=3) + given.sum(axis=2)  # (R, P, V) choices that a variant was part of

    def describe(values: Array, drawn: Array) -> list[Estimate]:
        return [
            _with_interval(float(values[each]), drawn[:, each], answers[..., each]) if compared[each] else nothing
            for each in range(variants)
        ]

    shares = np.array([win_shares(each) for each in resampled])
    return Preferences(describe(strengths, resampled), describe(win_shares(strengths), shares))


def fit_strengths(wins: Array, guess: Array | None = None) -> Array:
    """Strengths of V variants.

    Args:
        wins: (V, V) of row over column.
        guess: (V,) strengths to begin with.

    Returns:
        (V,), 0 on average, to five digits.
    """
    import choix

    virtual = VIRTUAL_WINS * (1 - np.eye(len(wins)))
    return np.asarray(choix.ilsr_pairwise_dense(wins + virtual, initial_params=guess, max_iter=1000, tol=1e-6))


def win_shares(strengths: Array) -> Array:
    """Probability (V,) of each variant to win against another one, on average over the others; 1/2 on average."""
    wins = 1 / (1 + np.exp(strengths[None, :] - strengths[:, None]))
    return np.asarray((wins.sum(axis=1) - 0.5) / (len(strengths) - 1))


def _wins(choices: Array) -> Array:
    """Wins (R, P, V, V) of row over column, halves where there was no difference."""
    of_row = np.nan_to_num((1 - choices) / 2)
    of_column = np.nan_to_num((1 + choices) / 2)
    return np.asarray(of_row + of_column.swapaxes(2, 3))


def _with_interval(value: float, resampled: Array, answers: NDArray[np.int_]) -> Estimate:
    """A figure with the interval that holds the middle 95 % of its resamples.

    Args:
        value: The figure itself.
        resampled: (B,) the figure in each resample; NaN where that has no rating.
        answers: (R, P) how many answers of a rater to a photo go into it.
    """
    count = int(answers.sum())
    raters, photos = int(answers.any(axis=1).sum()), int(answers.any(axis=0).sum())
    if raters < 2 or photos < 2:
        return Estimate(
            value, None, count, f"an interval needs two raters and two photos, there are {raters} and {photos}"
        )
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    note = f"only {raters} raters: the interval is rough" if raters < FEW_RATERS else None
    return Estimate(value, (float(low), float(high)), count, note)


def _nothing(note: str) -> Estimate:
    return Estimate(None, None, 0, note)
