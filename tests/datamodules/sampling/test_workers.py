from __future__ import annotations

from typing import cast

from torch.utils.data import Dataset, SequentialSampler

from datamodules.sampling.workers import loader_of


def test_drawn_batches_are_whole_and_all_items_come_in_order() -> None:
    items = cast("Dataset[int]", list(range(7)))
    drawn = loader_of(items, 3, 0, SequentialSampler(range(7)))
    assert [batch.tolist() for batch in drawn] == [[0, 1, 2], [3, 4, 5]]
    assert [batch.tolist() for batch in loader_of(items, 3, 0)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert loader_of(items, 3, 1, SequentialSampler(range(7))).persistent_workers
    assert not loader_of(items, 3, 1).persistent_workers
