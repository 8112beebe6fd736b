"""Mean of per-sample values, with standard error."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric


class MeanSummary(NamedTuple):
    """A mean over samples.

    Attributes:
        mean: () NaN without samples.
        error: () its standard error, NaN with fewer than two samples.
        samples: () number of samples.
    """

    mean: Tensor
    error: Tensor
    samples: Tensor


class SampleMean(Metric):
    """Mean and standard error of per-sample values; for 0/1 values it is an accuracy or rate."""

    is_differentiable = False
    higher_is_better = None
    full_state_update = False

    total: Tensor
    squares: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("total", "squares", "count"):
            self.add_state(name, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, values: Tensor) -> None:
        """Add samples.

        Args:
            values: (N,) numbers or bools; N may be 0.
        """
        values = values.double()
        self.total += values.sum()
        self.squares += values.square().sum()
        self.count += len(values)

    def compute(self) -> MeanSummary:
        """The result over all samples of all processes."""
        mean = self.total / self.count
        variance = (self.squares - self.count * mean.square()).clamp(min=0) / (self.count - 1)
        return MeanSummary(mean, (variance / self.count).sqrt(), self.count)
