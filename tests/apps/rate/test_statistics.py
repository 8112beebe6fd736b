"""Figures of ratings against planted answers, slow oracles and a published example."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from apps.rate.statistics import (
    VIRTUAL_WINS,
    Resamples,
    agreement,
    fit_strengths,
    mean_scores,
    preferences,
    win_shares,
)

Array = NDArray[np.float64]
NAN = math.nan
SCALE = range(1, 6)


def some_missing(values: Array, random: np.random.Generator, share: float = 0.3) -> Array:
    return np.where(random.random(values.shape) < share, NAN, values)


def alpha_by_definition(ratings: Array) -> float:
    """Krippendorff's alpha, pair by pair: observed over expected disagreement of ordinal values."""
    units = [column[~np.isnan(column)].tolist() for column in ratings.T]
    units = [unit for unit in units if len(unit) > 1]
    values = sorted(value for unit in units for value in unit)
    count = {value: values.count(value) for value in set(values)}

    def disagreement(a: float, b: float) -> float:
        between = sum(number for value, number in count.items() if min(a, b) <= value <= max(a, b))
        return float((between - (count[a] + count[b]) / 2) ** 2)

    observed = sum(disagreement(a, b) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2))
    expected = sum(disagreement(a, b) for a, b in permutations(values, 2)) / (len(values) - 1)
    return 1 - observed / expected


def test_alpha_of_the_published_example() -> None:
    """Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C."""
    ratings = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
            [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
        ]
    )
    figure = agreement(ratings, SCALE)
    assert figure.value == pytest.approx(0.815, abs=5e-4)
    assert figure.samples == 40  # the last item has one rating, which goes into nothing


def test_alpha_is_that_of_its_definition() -> None:
    random = np.random.default_rng(1)
    for _ in range(5):
        item = random.integers(1, 6, 15)
        ratings = some_missing(np.clip(item + random.integers(-1, 2, (4, 15)), 1, 5).astype(float), random)
        assert agreement(ratings, SCALE).value == pytest.approx(alpha_by_definition(ratings))


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        (np.empty((0, 6)), "two raters"),
        (np.array([[1.0, 2, 3]]), "two raters"),
        (np.array([[1.0, NAN], [NAN, 2]]), "two raters"),
        (np.array([[3.0, 3], [3, 3]]), "all answers are the same"),
    ],
)
def test_without_agreement_the_reason_is_said(ratings: Array, reason: str) -> None:
    figure = agreement(ratings, SCALE)
    assert figure.value is None
    assert figure.note is not None
    assert reason in figure.note


def test_a_resample_is_the_ratings_of_those_drawn() -> None:
    random = np.random.default_rng(2)
    values = random.random((3, 4, 2))
    resamples = Resamples.draw(3, 4, rounds=20)
    assert (resamples.raters.sum(axis=1) == 3).all()
    assert (resamples.photos.sum(axis=1) == 4).all()
    assert len(np.unique(resamples.raters, axis=0)) > 3
    for raters, photos, found in zip(resamples.raters, resamples.photos, resamples.sum(values), strict=True):
        drawn = values.repeat(raters.astype(int), axis=0).repeat(photos.astype(int), axis=1)
        assert found == pytest.approx(drawn.sum(axis=(0, 1)))


def test_means_are_over_all_ratings() -> None:
    scores = np.full((2, 2, 3), NAN)
    scores[0, :, 0] = 1, 4
    scores[1, 0, 0] = 4
    scores[0, 0, 1] = 2
    first, second, third = mean_scores(scores)
    assert (first.value, first.samples) == (3.0, 3)
    assert first.interval is not None
    assert 1 <= first.interval[0] < 3 < first.interval[1] <= 4
    assert first.note == "only 2 raters, so the interval is approximate"
    assert (second.value, second.interval, second.samples) == (2.0, None, 1)
    assert second.note is not None
    assert "two raters" in second.note
    assert (third.value, third.samples) == (None, 0)
    assert mean_scores(np.empty((0, 2, 1)))[0].value is None


def test_intervals_cover_the_truth_where_naive_ones_do_not() -> None:
    """Raters have tastes and photos difficulties: means of 12 raters and 10 photos, 150 times."""
    random = np.random.default_rng(3)
    truth, covered, naively = 3.0, 0, 0
    for _ in range(150):
        taste, difficulty = random.normal(0, 0.6, (12, 1)), random.normal(0, 0.6, (1, 10))
        scores = some_missing(truth + taste + difficulty + random.normal(0, 0.5, (12, 10)), random)
        interval = mean_scores(scores[..., None])[0].interval
        assert interval is not None
        covered += interval[0] <= truth <= interval[1]
        given = scores[~np.isnan(scores)]
        resampled = random.choice(given, (300, len(given))).mean(axis=1)
        low, high = np.percentile(resampled, [2.5, 97.5])
        naively += low <= truth <= high
    assert covered >= 0.88 * 150
    assert naively < 0.6 * 150


def test_planted_strengths_are_found() -> None:
    planted = np.array([1.0, 0.2, -0.4, -0.8])
    chances = 1 / (1 + np.exp(planted[None] - planted[:, None]))
    assert fit_strengths(1e6 * chances * (1 - np.eye(4))) == pytest.approx(planted, abs=1e-4)
    expected = [np.mean([chances[row, column] for column in range(4) if column != row]) for row in range(4)]
    assert win_shares(planted) == pytest.approx(expected)


def test_strengths_are_those_of_the_greatest_likelihood() -> None:
    random = np.random.default_rng(4)
    wins = random.integers(0, 8, (5, 5)) / 2 * (1 - np.eye(5))
    counted = wins + VIRTUAL_WINS * (1 - np.eye(5))

    def loss(strengths: Array) -> float:
        return float(sum(counted[i, j] * np.log1p(np.exp(strengths[j] - strengths[i])) for i, j in np.ndindex(5, 5)))

    best = minimize(loss, np.zeros(5), tol=1e-10).x
    assert fit_strengths(wins) == pytest.approx(best - best.mean(), abs=1e-3)


def test_preferences_of_raters_who_know_what_they_like() -> None:
    """Eight raters see all twos of three variants on six photos; they like the third, then the first."""
    random = np.random.default_rng(5)
    liking = np.array([0.0, -1.5, 1.5])
    choices = np.full((8, 6, 3, 3), NAN)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        chance = 1 / (1 + np.exp(liking[first] - liking[second]))
        choices[:, :, first, second] = np.where(random.random((8, 6)) < chance, 1, -1)
    found = preferences(choices)
    strengths = [figure.value for figure in found.strengths]
    assert strengths == pytest.approx(liking.tolist(), abs=0.5)
    assert sum(figure.value or 0 for figure in found.shares) == pytest.approx(1.5)
    for figures, truth in ((found.strengths, liking), (found.shares, win_shares(liking))):
        for figure, true in zip(figures, truth, strict=True):
            assert figure.interval is not None
            assert figure.interval[0] < true < figure.interval[1]
            assert figure.samples == 2 * 8 * 6
            assert figure.note is None


def test_no_difference_is_half_a_win() -> None:
    choices = np.full((6, 4, 2, 2), NAN)
    choices[..., 0, 1] = 0
    tied = preferences(choices)
    assert [figure.value for figure in tied.shares] == pytest.approx([0.5, 0.5])
    choices[:3, :, 0, 1], choices[3:, :, 0, 1] = -1, 1
    split = preferences(choices)
    assert [figure.value for figure in split.strengths] == pytest.approx([0, 0], abs=1e-9)


def test_who_always_won_is_finite_and_who_never_met_anybody_has_no_figure() -> None:
    choices = np.full((3, 2, 3, 3), NAN)
    choices[:, :, 0, 1] = -1
    found = preferences(choices)
    winner, loser, absent = found.shares
    assert winner.value is not None
    assert loser.value is not None
    assert 0.5 < winner.value < 1
    assert loser.value < 0.5
    assert absent.value is None
    assert absent.note is not None
    assert preferences(np.empty((0, 2, 3, 3))).shares[0].value is None
