"""Loaders, and what each of their processes does first."""

from __future__ import annotations

from typing import TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

T = TypeVar("T")


def loader_of(
    dataset: Dataset[T], batch_size: int, num_workers: int, sampler: Sampler[int] | None = None
) -> DataLoader[T]:
    """A loader of whole batches drawn by a sampler, whose processes stay; without one of all items in their order."""
    return DataLoader(
        dataset,
        batch_size=batch_size,
        num_workers=num_workers,
        persistent_workers=num_workers > 0 and sampler is not None,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=one_thread,
        sampler=sampler,
        drop_last=sampler is not None,
    )


def one_thread(worker: int) -> None:
    """Loader processes share the cores between them; OpenCV must not take all of them in each."""
    del worker
    cv2.setNumThreads(0)
