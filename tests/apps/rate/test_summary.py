from __future__ import annotations

from pathlib import Path

import pytest

from apps.rate.questions import Mode
from apps.rate.ratings import read_ratings
from apps.rate.statistics import mean_scores, preferences
from apps.rate.store import Store
from apps.rate.summary import describe_raters, rated_checkpoints, summarise

KEYS = {"title", "value", "spread", "spread_is", "samples", "unit", "better", "judge", "note", "interval"}


def answer(database: Path, mode: Mode, raters: int, **values: int) -> None:
    with Store(database) as store:
        for _ in range(raters):
            rater = store.find_rater(store.join(None))
            assert rater is not None
            while item := store.next_item(rater, mode):
                for key, value in values.items():
                    store.rate(rater, mode, item.position, key, value)


def test_nothing_was_asked(database: Path) -> None:
    titles = ["cyclegan_plain/s1", "cyclegan_cond/s1", "cyclegan_full/s1"]
    assert summarise(database) == {title: {} for title in titles}


def test_figures_are_those_of_the_statistics_in_the_form_of_metrics_json(database: Path) -> None:
    answer(database, Mode.SCORES, 2, identity=4, realistic=2, as_profile=5)
    answer(database, Mode.PAIRS, 5, preference=-1)
    summary = summarise(database)
    ratings = read_ratings(database)
    for index, title in enumerate(ratings.titles):
        figures = summary[title]
        assert list(figures) == ["rating_identity", "rating_realistic", "rating_as_profile", "preference", "strength"]
        for key, value in (("rating_identity", 4), ("rating_realistic", 2), ("rating_as_profile", 5)):
            assert figures[key].keys() == KEYS
            assert (figures[key]["value"], figures[key]["spread"], figures[key]["samples"]) == (value, 0, 8)
            assert (figures[key]["better"], figures[key]["unit"]) == ("higher", "")
            assert figures[key]["note"] == "only 2 raters, so the interval is approximate"
        compared = preferences(ratings.choices)
        for key, expected, unit in (
            ("preference", compared.shares[index], "%"),
            ("strength", compared.strengths[index], ""),
        ):
            assert expected.interval is not None
            found = figures[key]
            assert found.keys() == KEYS
            assert (found["value"], found["unit"], found["samples"]) == (expected.value, unit, 5 * 2 * 4)
            assert found["interval"] == list(expected.interval)
            assert found["spread"] == pytest.approx((expected.interval[1] - expected.interval[0]) / 2)
            assert found["spread_is"] == "half of the 95 % confidence interval"
            assert (found["note"], found["judge"]) == (None, None)
    assert len({figures["rating_identity"]["title"] for figures in summary.values()}) == 1


def test_too_few_raters_leave_a_note_and_no_spread(database: Path) -> None:
    answer(database, Mode.SCORES, 1, identity=4, realistic=2, as_profile=5)
    figure = summarise(database)["cyclegan_plain/s1"]["rating_identity"]
    assert (figure["value"], figure["spread"], figure["interval"]) == (4, None, None)
    assert "two raters" in str(figure["note"])
    assert mean_scores(read_ratings(database).scores["identity"])[0].note == figure["note"]


def test_the_rated_checkpoints_are_known_by_their_digests(database: Path) -> None:
    titles = ["cyclegan_plain/s1", "cyclegan_cond/s1", "cyclegan_full/s1"]
    assert rated_checkpoints(database) == dict.fromkeys(titles, "ab" * 32)


def test_raters_and_their_agreement_are_told_of_what_was_asked(database: Path) -> None:
    assert describe_raters(database) == ["rated by people: 3 runs by 0 people in 0 answers"]
    with Store(database) as store:
        for _ in range(2):  # who agree on every cartoon
            rater = store.find_rater(store.join(None))
            assert rater is not None
            while item := store.next_item(rater, Mode.SCORES):
                value = 1 + int(item.cartoons[0].encode().hex(), 16) % 5
                for key in ("identity", "realistic", "as_profile"):
                    store.rate(rater, Mode.SCORES, item.position, key, value)
    first, *others = describe_raters(database)
    assert first == "rated by people: 3 runs by 2 people in 72 answers"
    assert others == [
        f"Krippendorff's alpha of {title}, 1 agreement and 0 chance: 1.00 over 24 answers"
        for title in ("Identity", "Realistic", "AsProfile")
    ]


def test_one_person_agrees_with_nobody(database: Path) -> None:
    answer(database, Mode.PAIRS, 1, preference=1)
    (_, told) = describe_raters(database)
    assert told.startswith("Krippendorff's alpha of Preference")
    assert told.endswith("agreement needs an item with at least two raters")
