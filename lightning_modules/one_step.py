"""Makes several optimisers count as one training step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lightning.pytorch.core.optimizer import LightningOptimizer


@contextmanager
def one_training_step(optimizers: Sequence[LightningOptimizer]) -> Iterator[None]:
    """Count all optimiser steps in the block as one training step.

    Lightning would advance ``global_step``, and so ``max_steps``, with every optimiser step.
    """
    start, end = optimizers[0]._on_before_step, optimizers[0]._on_after_step
    for optimizer in optimizers:
        optimizer._on_before_step = optimizer._on_after_step = _do_nothing
    yield
    start()
    end()


def _do_nothing() -> None:
    return
