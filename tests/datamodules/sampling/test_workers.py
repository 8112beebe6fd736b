from __future__ import annotations

import multiprocessing
import os
import signal
from typing import cast

import pytest
from torch.utils.data import Dataset, SequentialSampler

from datamodules.sampling import workers
from datamodules.sampling.workers import loader_of


class SignalledItems(Dataset[int]):
    """Its second item sends a signal to the loader process that reads it."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> int:
        if index:
            os.kill(os.getpid(), self.number)
        return index


def test_drawn_batches_are_whole_and_all_items_come_in_order() -> None:
    items = cast("Dataset[int]", list(range(7)))
    drawn = loader_of(items, 3, 0, SequentialSampler(range(7)))
    assert [batch.tolist() for batch in drawn] == [[0, 1, 2], [3, 4, 5]]
    assert [batch.tolist() for batch in loader_of(items, 3, 0)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert loader_of(items, 3, 1, SequentialSampler(range(7))).persistent_workers
    assert not loader_of(items, 3, 1).persistent_workers


@pytest.mark.parametrize(
    ("number", "message"), [(signal.SIGKILL, "exited unexpectedly|killed by signal"), (signal.SIGSTOP, "timed out")]
)
def test_a_loader_process_that_dies_or_hangs_is_an_error(
    number: signal.Signals, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LOADER_TIMEOUT", 5.0)
    try:
        with pytest.raises(RuntimeError, match=message):
            list(loader_of(SignalledItems(number), 1, 1, SequentialSampler(range(2))))
    finally:
        for child in multiprocessing.active_children():
            child.kill()  # one that is stopped does not hear of the end


def test_ctrl_c_leaves_the_loader_processes_to_the_training() -> None:
    loader = loader_of(SignalledItems(signal.SIGINT), 1, 1, SequentialSampler(range(2)))
    assert [batch.tolist() for batch in loader] == [[0], [1]]
