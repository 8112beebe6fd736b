"""Compares the head pose of generated faces with their photos (paper 6.1, Fig. 5: all cartoons are frontal)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric


class PoseSummary(NamedTuple):
    """Yaw of generated faces compared with their photos.

    Attributes:
        ratio: () standard deviation of the cartoons' yaw over that of the photos'; 0 if all cartoons have the same.
        error: () standard error of the ratio, for normally distributed yaws.
        correlation: () correlation of both; NaN if one does not vary.
        correlation_error: () its standard error.
        samples: () number of faces.
    """

    ratio: Tensor
    error: Tensor
    correlation: Tensor
    correlation_error: Tensor
    samples: Tensor


class PoseVariety(Metric):
    """Spread of the faces' yaw relative to that of their photos; 1 is equally varied."""

    is_differentiable = False
    higher_is_better = None  # 1 is best
    full_state_update = False

    count: Tensor
    totals: Tensor
    products: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("count", default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("totals", default=torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("products", default=torch.zeros(2, 2, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, generated: Tensor, photos: Tensor) -> None:
        """Add faces.

        Args:
            generated: (N, 5, 2) landmarks detected in the cartoons, pixels.
            photos: (N, 5, 2) landmarks detected in their photos, pixels.
        """
        turns = torch.stack([turn_of(generated), turn_of(photos)]).double()
        self.count += turns.shape[1]
        self.totals += turns.sum(dim=1)
        self.products += turns @ turns.T

    def compute(self) -> PoseSummary:
        """The result over all faces of all processes."""
        means = self.totals / self.count
        covariance = (self.products - self.count * torch.outer(means, means)) / (self.count - 1)
        generated, photos = covariance.diagonal().clamp(min=0).sqrt()
        ratio, correlation = generated / photos, covariance[0, 1] / (generated * photos)
        # The log ratio has variance (1 - r^2) / (n - 1) (Pitman 1939, Morgan 1939).
        error = ratio * ((1 - correlation.nan_to_num().square()) / (self.count - 1)).clamp(min=0).sqrt()
        correlation_error = (1 - correlation.square()) / (self.count - 1).clamp(min=1).sqrt()
        return PoseSummary(ratio, error, correlation, correlation_error, self.count)


def turn_of(landmarks: Tensor) -> Tensor:
    """Offset of the nose from the midpoint of the eyes, along the eye line and in eye distances.

    It increases with the head's yaw to the right of the image and is invariant to roll, position and size.

    Args:
        landmarks: (N, 5, 2) pixels.

    Returns:
        (N,), 0 for a frontal face.
    """
    left, right, nose = landmarks[:, 0], landmarks[:, 1], landmarks[:, 2]
    across = right - left
    return ((nose - (left + right) / 2) * across).sum(dim=1) / across.square().sum(dim=1).clamp(min=1e-6)
