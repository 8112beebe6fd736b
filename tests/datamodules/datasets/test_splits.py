from __future__ import annotations

from collections import Counter

import pytest

from datamodules.datasets.splits import deal_splits, split_of
from datamodules.samples import SPLITS

HELD_OUT = {
    "cs6.png": "test",
    "cs7.png": "val",
    "cs10.png": "test",
    "cs16.png": "val",
    "cs32.png": "test",
    "cs38.png": "test",
    "cs42.png": "val",
}


def test_the_split_is_about_90_5_5() -> None:
    shares = Counter(split_of(f"cs{number}.png") for number in range(10_000))
    assert {split: round(shares[split] / 100) for split in SPLITS} == {"train": 90, "val": 5, "test": 5}


def test_the_split_of_a_name_is_that_of_earlier_releases() -> None:
    """Else training images of old checkpoints would turn up in the new test part."""
    held_out = {name: split_of(name) for name in map("cs{}.png".format, range(50)) if split_of(name) != "train"}
    assert held_out == HELD_OUT


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 10, 500])
def test_every_name_is_dealt_once_and_few_names_leave_no_part_empty(count: int) -> None:
    names = [f"{number}.jpg" for number in range(count)]
    parts = deal_splits(reversed(names))
    assert sorted(name for part in parts.values() for name in part) == sorted(names)
    assert sum(bool(part) for part in parts.values()) == min(count, 3)
    assert all(part == sorted(part) for part in parts.values())


def test_many_names_are_dealt_by_their_hash_alone() -> None:
    names = [f"{number}.jpg" for number in range(500)]
    assert all(split_of(name) == split for split, part in deal_splits(names).items() for name in part)
