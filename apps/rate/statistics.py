"""Statistics of ratings, with confidence intervals over raters and photos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDS = 1000
"""Number of bootstrap resamples."""

FEW_RATERS = 5
"""With fewer raters, intervals have a warning."""

VIRTUAL_WINS = 0.5
"""Added to the wins of each pair of variants, so that a variant that always wins has a finite strength."""


@dataclass(frozen=True)
class Estimate:
    """An estimate from ratings, or the reason why there is none.

    Attributes:
        value: The estimate; None with too few ratings.
        interval: 95 % confidence interval; None if it is not meaningful.
        samples: Number of ratings.
        note: Missing data or a caveat.
    """

    value: float | None
    interval: tuple[float, float] | None
    samples: int
    note: str | None = None


@dataclass(frozen=True)
class Preferences:
    """Results of comparisons of V variants.

    Attributes:
        strengths: Bradley-Terry strengths in log-odds; 0 on average.
        shares: Mean probability of winning against another variant.
    """

    strengths: list[Estimate]
    shares: list[Estimate]


@dataclass(frozen=True)
class Resamples:
    """Number of times that each rater and each photo is drawn in each of B resamples.

    Raters and photos are resampled independently with replacement (pigeonhole bootstrap, Owen 2007), since ratings by
    the same person or of the same photo are correlated. Resampling single ratings would treat them as independent and
    give intervals that are too narrow.

    Attributes:
        raters: (B, R).
        photos: (B, P).
    """

    raters: Array
    photos: Array

    @classmethod
    def draw(cls, raters: int, photos: int, rounds: int = ROUNDS) -> Resamples:
        """Draw deterministic resamples of a number of raters and photos."""
        random = np.random.default_rng(0)
        return cls(
            *(random.multinomial(count, [1 / count] * count, rounds).astype(float) for count in (raters, photos))
        )

    def sum(self, values: Array | NDArray[np.int_]) -> Array:
        """Sums (B, ...) of values (R, P, ...) over the drawn raters and photos."""
        return np.asarray(np.einsum("br,bp,rp...->b...", self.raters, self.photos, values, optimize=True))


def mean_scores(scores: Array) -> list[Estimate]:
    """Mean score of each variant over all its ratings.

    Args:
        scores: (R, P, V); NaN if missing.
    """
    is_given = (~np.isnan(scores)).astype(int)
    if not is_given.any():
        return [_nothing("its cartoons have no scores yet")] * scores.shape[2]
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
            figures.append(_nothing("its cartoons have no scores yet"))
    return figures


def agreement(ratings: Array, domain: Sequence[float]) -> Estimate:
    """Krippendorff's alpha for ordinal answers: 1 is perfect agreement, 0 is chance level.

    Args:
        ratings: (R, ...) answers of the raters to items of any shape; NaN if missing.
        domain: All possible answers, in order.
    """
    import krippendorff

    ratings = ratings.reshape(len(ratings), math.prod(ratings.shape[1:]))
    raters_of_item = (~np.isnan(ratings)).sum(axis=0)
    is_shared = raters_of_item >= 2
    samples = int(raters_of_item[is_shared].sum())
    if not is_shared.any():
        return _nothing("agreement needs an item with at least two raters")
    shared = ratings[:, is_shared]
    if len(np.unique(shared[~np.isnan(shared)])) == 1:
        return Estimate(None, None, samples, "all answers are the same, so agreement is undefined")
    alpha = krippendorff.alpha(shared, value_domain=list(domain), level_of_measurement="ordinal")
    return Estimate(float(alpha), None, samples)


def preferences(choices: Array) -> Preferences:
    """Bradley-Terry strengths by maximum likelihood.

    "No difference" counts as half a win for both. ``VIRTUAL_WINS`` regularise the strengths towards each other; the
    effect decreases with the number of comparisons.

    Args:
        choices: (R, P, V, V), see ``apps.rate.ratings.Ratings``.
    """
    variants = choices.shape[2]
    wins = _wins(choices)
    totals = wins.sum(axis=(0, 1))
    compared = (totals + totals.T).sum(axis=1) > 0
    nothing = _nothing("its cartoons have not been compared yet")
    if not compared.any():
        return Preferences([nothing] * variants, [nothing] * variants)
    strengths = fit_strengths(totals)
    resampled = np.array([fit_strengths(each, strengths) for each in Resamples.draw(*choices.shape[:2]).sum(wins)])
    given = ~np.isnan(choices)
    answers = given.sum(axis=3) + given.sum(axis=2)  # (R, P, V) comparisons of each variant

    def describe(values: Array, drawn: Array) -> list[Estimate]:
        return [
            _with_interval(float(values[each]), drawn[:, each], answers[..., each]) if compared[each] else nothing
            for each in range(variants)
        ]

    shares = np.array([win_shares(each) for each in resampled])
    return Preferences(describe(strengths, resampled), describe(win_shares(strengths), shares))


def fit_strengths(wins: Array, guess: Array | None = None) -> Array:
    """Fit the strengths of V variants.

    Args:
        wins: (V, V) wins of row over column.
        guess: (V,) initial strengths.

    Returns:
        (V,), 0 on average, accurate to five digits.
    """
    import choix

    virtual = VIRTUAL_WINS * (1 - np.eye(len(wins)))
    return np.asarray(choix.ilsr_pairwise_dense(wins + virtual, initial_params=guess, max_iter=1000, tol=1e-6))


def win_shares(strengths: Array) -> Array:
    """Mean probability (V,) of each variant of winning against another one; 1/2 on average."""
    wins = 1 / (1 + np.exp(strengths[None, :] - strengths[:, None]))
    return np.asarray((wins.sum(axis=1) - 0.5) / (len(strengths) - 1))


def _wins(choices: Array) -> Array:
    """Wins (R, P, V, V) of row over column; 0.5 for no difference."""
    of_row = np.nan_to_num((1 - choices) / 2)
    of_column = np.nan_to_num((1 + choices) / 2)
    return np.asarray(of_row + of_column.swapaxes(2, 3))


def _with_interval(value: float, resampled: Array, answers: NDArray[np.int_]) -> Estimate:
    """An estimate with its 95 % percentile interval.

    Args:
        value: The estimate.
        resampled: (B,) the estimate in each resample; NaN if that has no rating.
        answers: (R, P) number of answers by rater and photo.
    """
    count = int(answers.sum())
    raters, photos = int(answers.any(axis=1).sum()), int(answers.any(axis=0).sum())
    if raters < 2 or photos < 2:
        return Estimate(
            value, None, count, f"an interval needs at least two raters and two photos; there are {raters} and {photos}"
        )
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    note = f"only {raters} raters, so the interval is approximate" if raters < FEW_RATERS else None
    return Estimate(value, (float(low), float(high)), count, note)


def _nothing(note: str) -> Estimate:
    return Estimate(None, None, 0, note)
