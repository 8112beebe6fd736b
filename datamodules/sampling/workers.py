"""Data loaders and their worker initialisation."""

from __future__ import annotations

import signal
from typing import TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

T = TypeVar("T")

LOADER_TIMEOUT = 600.0
"""Seconds to wait for a batch before the loader process is considered hung."""


def loader_of(
    dataset: Dataset[T],
    batch_size: int | None,
    num_workers: int,
    sampler: Sampler[int] | None = None,
    *,
    persistent: bool = False,
    drop_last: bool = True,
) -> DataLoader[T]:
    """A loader with persistent workers and full batches if given a sampler; otherwise all items in order.

    It does not use the global random state, so that a resumed run, which opens its loaders at another time, has the
    same state as an uninterrupted one.

    Args:
        dataset: The dataset.
        batch_size: Items per batch; None if the items are batches.
        num_workers: Loader processes; 0 loads in this process.
        sampler: Indices of the items.
        persistent: Keep the workers between epochs even without a sampler.
        drop_last: With a sampler, drop an incomplete last batch.

    Raises:
        RuntimeError: During iteration, if a loader process died or did not respond for ``LOADER_TIMEOUT`` seconds.
    """
    return DataLoader(
        dataset,
        batch_size=batch_size,
        num_workers=num_workers,
        persistent_workers=num_workers > 0 and (persistent or sampler is not None),
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=start_worker,
        sampler=sampler,
        drop_last=drop_last and sampler is not None and batch_size is not None,
        generator=torch.Generator().manual_seed(0),
        timeout=LOADER_TIMEOUT if num_workers else 0,
    )


def start_worker(worker: int) -> None:
    """Set up a loader process: one thread, to avoid oversubscribing the cores, and no reaction to Ctrl-C.

    Ctrl-C reaches all processes of a terminal. Training stops after the current step and needs its data until then.
    """
    del worker
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
