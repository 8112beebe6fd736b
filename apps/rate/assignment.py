"""Selects the next item for a rater."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Item:
    """An item to rate.

    Attributes:
        key: Its key in the database.
        photo: Its photo.
        variants: Runs whose cartoons of the photo are shown: one for a score, two for a comparison.
    """

    key: int
    photo: int
    variants: tuple[int, ...]


def choose_item(items: Sequence[Item], raters: Mapping[int, int], seen: Sequence[Item], rng: Random) -> Item | None:
    """Choose one of the items with the fewest raters.

    Among those, it prefers the variants, and then the photos, that this rater has seen least. So a rater who stops
    early has seen all variants about equally often, and photos are repeated as late as possible.

    Args:
        items: All items.
        raters: Number of raters by item key, including those in progress; 0 if missing.
        seen: Items that this rater already had, which are not chosen again.
        rng: Breaks ties.

    Returns:
        The item; None if the rater has seen all.
    """
    known = {item.key for item in seen}
    variants = Counter(variant for item in seen for variant in item.variants)
    photos = Counter(item.photo for item in seen)

    def familiarity(item: Item) -> tuple[int, int, int, float]:
        return (
            raters.get(item.key, 0),
            sum(variants[variant] for variant in item.variants),
            photos[item.photo],
            rng.random(),
        )

    return min((item for item in items if item.key not in known), key=familiarity, default=None)
