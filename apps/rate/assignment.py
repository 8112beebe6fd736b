"""Which item a rater gets next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Item:
    """What is rated at a time.

    Attributes:
        key: In the database.
        photo: Its photo.
        variants: Runs whose cartoons of the photo are shown: one that is scored, or two that are compared.
    """

    key: int
    photo: int
    variants: tuple[int, ...]


def choose_item(items: Sequence[Item], raters: Mapping[int, int], seen: Sequence[Item], rng: Random) -> Item | None:
    """One of the items that the fewest people have rated.

    Among those, it prefers the variants, and then the photos, that this rater has seen least. So a rater who stops
    early has seen all variants about equally often, and the same photo comes back as late as possible.

    Args:
        items: All there are.
        raters: How many people rate or have rated each, by key; 0 for those left out.
        seen: What this rater was given before; never chosen again.
        rng: Chooses among equals.

    Returns:
        None if the rater has seen all.
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
