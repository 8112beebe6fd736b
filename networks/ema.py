"""Exponential moving average of a network's weights."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def ema_of(module: nn.Module, decay: float = 0.999) -> AveragedModel:
    """Creates a frozen moving average of a network; call ``update_parameters(module)`` after each step.

    The first update copies the network. Before update n + 1 the decay is min(decay, (1 + n) / (10 + n)), so that the
    initial weights do not dominate short runs; n is the buffer ``n_averaged`` and so part of the state dict.
    Floating-point buffers are averaged like parameters, integer ones are copied.

    Args:
        module: Network to average; it is not changed.
        decay: EMA decay after warm-up, in [0, 1).

    Returns:
        A module with the network's ``forward``, whose parameters require no gradients.

    Raises:
        ValueError: If ``decay`` is outside [0, 1).
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay must be in [0, 1), got {decay}")
    average = AveragedModel(module, multi_avg_fn=partial(_update, decay), use_buffers=True)
    return average.requires_grad_(False)


@torch.no_grad()
def _update(
    decay: float,
    averages: tuple[Tensor, ...] | list[Tensor],
    currents: tuple[Tensor, ...] | list[Tensor],
    n_averaged: Tensor | int,
) -> None:
    if averages[0].is_floating_point():
        n = int(n_averaged)
        lerp = get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))  # type: ignore[no-untyped-call]
        lerp(averages, currents, n)
    else:
        for average, current in zip(averages, currents, strict=True):
            average.copy_(current)
