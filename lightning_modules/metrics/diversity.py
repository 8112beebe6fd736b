"""Diversity of generated images, to detect mode collapse."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric


class DiversitySummary(NamedTuple):
    """Root mean square distances between all pairs of images.

    Attributes:
        ratio: () distance between generated images over that between real ones; 0 if all are identical.
        generated: () distance between generated images.
        real: () distance between real images.
        samples: () number of generated images.
    """

    ratio: Tensor
    generated: Tensor
    real: Tensor
    samples: Tensor


class Diversity(Metric):
    """Feature distance between generated images, relative to that between real ones.

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
        """Add images.

        Args:
            features: Their features (N, num_features); N may be 0.
            real: Whether they are real.
        """
        features = features.double()
        self.counts[int(real)] += len(features)
        self.totals[int(real)] += features.sum(dim=0)
        self.squares[int(real)] += features.square().sum()

    def compute(self) -> DiversitySummary:
        """The result over all images of all processes."""
        # The mean squared distance over pairs of different images is twice the total variance.
        variance = (self.squares - self.totals.square().sum(dim=1) / self.counts).clamp(min=0) / (self.counts - 1)
        generated, real = (2 * variance).sqrt()
        return DiversitySummary(generated / real, generated, real, self.counts[0])
