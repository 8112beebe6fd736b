from __future__ import annotations

from collections import Counter
from random import Random

from apps.rate.assignment import Item, choose_item

SCORED = [Item(1 + photo * 3 + variant, photo, (variant,)) for photo in range(4) for variant in range(3)]


def rate(number: int, raters: Counter[int], rng: Random) -> list[Item]:
    """What somebody meets who stops after so many items."""
    seen: list[Item] = []
    while len(seen) < number and (item := choose_item(SCORED, raters, seen, rng)):
        seen.append(item)
        raters[item.key] += 1
    return seen


def test_all_items_get_about_equally_many_raters() -> None:
    for seed in range(5):
        rng, raters = Random(seed), Counter[int]()
        for number in (5, 12, 7, 3, 9, 1, 12, 4):
            rate(number, raters, rng)
        counts = [raters[item.key] for item in SCORED]
        assert max(counts) - min(counts) <= 1


def test_everybody_meets_each_item_once() -> None:
    seen = rate(100, Counter(), Random(0))
    assert sorted(item.key for item in seen) == [item.key for item in SCORED]


def test_whoever_stops_early_has_met_all_variants_and_photos() -> None:
    for seed in range(5):
        variants = Counter(item.variants for item in rate(6, Counter(), Random(seed)))
        assert set(variants.values()) == {2}
        assert len({item.photo for item in rate(4, Counter(), Random(seed))}) == 4


def test_the_order_differs_from_rater_to_rater() -> None:
    orders = {tuple(item.key for item in rate(12, Counter(), Random(seed))) for seed in range(10)}
    assert len(orders) == 10
