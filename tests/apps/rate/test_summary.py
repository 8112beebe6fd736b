from __future__ import annotations

from pathlib import Path

import pytest

from apps.rate.questions import Mode
from apps.rate.ratings import read_ratings
from apps.rate.statistics import mean_scores, preferences
from apps.rate.store import Store
from apps.rate.summary import summarise

KEYS = {"title", "value", "spread", "spread_is", "samples", "unit", "better", "judge", "note"}


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
        assert list(figures) == ["rating_identity", "rating_realistic", "rating_as_profile", "preference"]
        for key, value in (("rating_identity", 4), ("rating_realistic", 2), ("rating_as_profile", 5)):
            assert figures[key].keys() == KEYS
            assert (figures[key]["value"], figures[key]["spread"], figures[key]["samples"]) == (value, 0, 8)
            assert (figures[key]["better"], figures[key]["unit"]) == ("higher", "")
            assert figures[key]["note"] == "only 2 raters: the interval is rough"
        expected = preferences(ratings.choices).shares[index]
        assert expected.interval is not None
        found = figures["preference"]
        assert found.keys() == KEYS
        assert (found["value"], found["unit"], found["samples"]) == (expected.value, "%", 5 * 2 * 4)
        assert found["spread"] == pytest.approx((expected.interval[1] - expected.interval[0]) / 2)
        assert found["spread_is"] == "half of the 95 % confidence interval"
        assert (found["note"], found["judge"]) == (None, None)
    assert len({figures["rating_identity"]["title"] for figures in summary.values()}) == 1


def test_too_few_raters_leave_a_note_and_no_spread(database: Path) -> None:
    answer(database, Mode.SCORES, 1, identity=4, realistic=2, as_profile=5)
    figure = summarise(database)["cyclegan_plain/s1"]["rating_identity"]
    assert (figure["value"], figure["spread"]) == (4, None)
    assert "two raters" in str(figure["note"])
    assert mean_scores(read_ratings(database).scores["identity"])[0].note == figure["note"]
