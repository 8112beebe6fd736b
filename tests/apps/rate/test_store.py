from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from apps.rate.questions import PREFERENCE, QUESTIONS, Mode
from apps.rate.ratings import read_ratings
from apps.rate.store import Store, UnknownItemError


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    with Store(database) as store:
        yield store


def join(store: Store) -> int:
    rater = store.find_rater(store.join(None))
    assert rater is not None
    return rater


def rate_items(store: Store, mode: Mode, number: int) -> int:
    """Somebody who answers so many items in full; gives their key."""
    rater = join(store)
    for _ in range(number):
        item = store.next_item(rater, mode)
        assert item is not None
        for question in QUESTIONS[mode]:
            store.rate(rater, mode, item.position, question.key, question.high)
    return rater


def raters_by_item(path: Path) -> Counter[int]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT item, count(DISTINCT rater) FROM rating GROUP BY item").fetchall()
    connection.close()
    return Counter(dict(rows))


def test_many_raters_at_once_lose_nothing_and_share_the_items(database: Path) -> None:
    """Two processes' worth of stores, four threads each, everybody half of the items."""
    with Store(database) as one, Store(database) as other, ThreadPoolExecutor(8) as pool:
        raters = list(pool.map(rate_items, [one, other] * 4, [Mode.SCORES] * 8, [6] * 8))
    assert len(set(raters)) == 8
    counts = raters_by_item(database)
    assert sum(counts.values()) == 8 * 6
    assert len(counts) == 12
    assert max(counts.values()) - min(counts.values()) <= 2
    assert read_ratings(database).count == 8 * 6 * 3


def test_there_is_one_rating_and_the_last_one_counts(store: Store) -> None:
    rater = join(store)
    item = store.next_item(rater, Mode.SCORES)
    assert item is not None
    for value in (1, 5, 2):
        store.rate(rater, Mode.SCORES, item.position, "identity", value)
    assert store.item(rater, Mode.SCORES, item.position).answers == {"identity": 2}
    ratings = read_ratings(store.path)
    assert ratings.count == 1
    assert np.nansum(ratings.scores["identity"]) == 2


def test_an_item_stays_until_it_is_answered_in_full(store: Store) -> None:
    rater = join(store)
    first = store.next_item(rater, Mode.SCORES)
    assert first is not None
    store.rate(rater, Mode.SCORES, 0, "identity", 3)
    store.rate(rater, Mode.SCORES, 0, "realistic", 3)
    again = store.next_item(rater, Mode.SCORES)
    assert again is not None
    assert (again.position, again.cartoons) == (0, first.cartoons)
    assert store.answered(rater, Mode.SCORES) == 0
    store.rate(rater, Mode.SCORES, 0, "as_profile", 3)
    following = store.next_item(rater, Mode.SCORES)
    assert following is not None
    assert following.position == 1
    assert store.answered(rater, Mode.SCORES) == 1


def test_after_the_last_item_there_is_none(store: Store) -> None:
    for mode in Mode:  # one file is asked both ways
        rater = rate_items(store, mode, store.count(mode))
        assert store.next_item(rater, mode) is None
        assert store.answered(rater, mode) == store.count(mode) == 12


def test_a_choice_is_kept_for_the_cartoon_wherever_it_was_shown(store: Store, database: Path) -> None:
    """Whoever always takes the left cartoon has taken what was shown there."""
    pictures = sqlite3.connect(database)
    run_of = dict(pictures.execute("SELECT picture, variant FROM cartoon").fetchall())
    pictures.close()
    expected = np.zeros((3, 3))
    sides = set()
    for _ in range(4):
        rater = join(store)
        while item := store.next_item(rater, Mode.PAIRS):
            left, right = (run_of[name] - 1 for name in item.cartoons)
            expected[left, right] += 1
            sides.add((left, right))
            store.rate(rater, Mode.PAIRS, item.position, PREFERENCE.key, -1)
            assert store.item(rater, Mode.PAIRS, item.position).answers == {PREFERENCE.key: -1}
    assert len(sides) == 6  # either side for each two runs
    choices = read_ratings(database).choices
    found = (choices == -1).sum(axis=(0, 1)) + (choices == 1).sum(axis=(0, 1)).T
    assert np.array_equal(found, expected)


def test_what_somebody_left_open_is_dealt_again_after_a_while(store: Store, database: Path) -> None:
    for _ in range(12):  # everybody opens an item and goes away
        store.next_item(join(store), Mode.SCORES)
    dealt = sqlite3.connect(database)
    left = {item for (item,) in dealt.execute("SELECT id FROM item WHERE mode = 'scores' AND photo <= 2")}
    dealt.executemany("UPDATE deal SET dealt = '2020-01-01T00:00:00Z' WHERE item = ?", [(item,) for item in left])
    dealt.commit()
    dealt.close()
    rater = rate_items(store, Mode.SCORES, 6)
    assert set(raters_by_item(database)) == left
    assert store.answered(rater, Mode.SCORES) == 6


@pytest.mark.parametrize(("question", "value"), [("identity", 0), ("identity", 6), ("preference", 1), ("looks", 3)])
def test_answers_to_something_else_are_refused(store: Store, question: str, value: int) -> None:
    rater = join(store)
    store.next_item(rater, Mode.SCORES)
    with pytest.raises(ValueError, match=question):
        store.rate(rater, Mode.SCORES, 0, question, value)


@pytest.mark.parametrize("position", [-1, 1, 99])
def test_items_that_were_not_dealt_are_refused(store: Store, position: int) -> None:
    rater = join(store)
    store.next_item(rater, Mode.SCORES)
    with pytest.raises(UnknownItemError):
        store.item(rater, Mode.SCORES, position)
    with pytest.raises(UnknownItemError):
        store.rate(rater, Mode.SCORES, position, "identity", 3)


def test_the_file_does_not_hold_what_raters_are_known_by(store: Store, database: Path) -> None:
    token = store.join("Ada")
    assert store.find_rater(token) is not None
    assert store.find_rater(token + "x") is None
    store.close()
    assert token.encode() not in database.read_bytes()
