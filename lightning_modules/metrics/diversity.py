"""How much outputs differ from each other: a generator that collapsed makes the same image of everything."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric


class DiversitySummary(NamedTuple):
    """Distances among images, as root mean square over all pairs.

    Attributes:
        ratio: () among generated images over that among real ones; 0 where all are the same.
        generated: () among the generated ones.
        real: () among the real ones.
        samples: () number of generated images.
    """

    ratio: Tensor
    generated: Tensor
    real: Tensor
    samples: Tensor


class Diversity(Metric):
    """Distance among generated images relative to that among real ones, in the features of an extractor.

    Args:
        num_features: Length of a feature vector.
    """

    is_differentiable = False
    higher_is_better = None  # 1 is best
    full_state_update = False

    counts: Tensor
    totals: Tensor
    squares: Tensor

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.add_state("counts", default=torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("totals", default=torch.zeros(2, num_features, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("squares", default=torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, features: Tensor, real: bool) -> None:
        """Takes in images.

        Args:
            features: (N, num_features) of them; N may be 0.
            real: Whether they are real.
        """
        features = features.double()
        self.counts[int(real)] += len(features)
        self.totals[int(real)] += features.sum(dim=0)
        self.squares[int(real)] += features.square().sum()

    def compute(self) -> DiversitySummary:
        """Sums up all images of all processes."""
        # The mean square distance over pairs of different images is twice the total variance.
        variance = (self.squares - self.totals.square().sum(dim=1) / self.counts).clamp(min=0) / (self.counts - 1)
        generated, real = (2 * variance).sqrt()
        return DiversitySummary(generated / real, generated, real, self.counts[0])
