"""Data loaders and their worker initialisation."""

from __future__ import annotations

from typing import TypeVar

import cv2
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

T = TypeVar("T")


def loader_of(
    dataset: Dataset[T], batch_size: int, num_workers: int, sampler: Sampler[int] | None = None
) -> DataLoader[T]:
    """A loader with persistent workers and full batches if given a sampler; otherwise all items in order."""
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
    """Limit OpenCV to one thread per worker, to avoid oversubscribing the cores."""
    del worker
    cv2.setNumThreads(0)
