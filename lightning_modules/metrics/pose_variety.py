"""Whether generated faces turn as their photos do (paper 6.1, Fig. 5: all cartoons looking straight ahead)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric


class PoseSummary(NamedTuple):
    """Turn of generated faces beside that of their photos.

    Attributes:
        ratio: () standard deviation of the cartoons' turn over that of the photos'; 0 where all look the same way.
        error: () standard error of the ratio, for turns that are normally distributed.
        correlation: () of both turns; NaN where one does not vary.
        correlation_error: () its standard error.
        samples: () number of faces.
    """

    ratio: Tensor
    error: Tensor
    correlation: Tensor
    correlation_error: Tensor
    samples: Tensor


class PoseVariety(Metric):
    """Spread of the faces' turn relative to that of their photos; 1 is as varied as they are."""

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
        """Takes in faces.

        Args:
            generated: (N, 5, 2) landmarks found in the cartoons, pixels.
            photos: (N, 5, 2) landmarks found in their photos, pixels.
        """
        turns = torch.stack([turn_of(generated), turn_of(photos)]).double()
        self.count += turns.shape[1]
        self.totals += turns.sum(dim=1)
        self.products += turns @ turns.T

    def compute(self) -> PoseSummary:
        """Sums up all faces of all processes."""
        means = self.totals / self.count
        covariance = (self.products - self.count * torch.outer(means, means)) / (self.count - 1)
        generated, photos = covariance.diagonal().clamp(min=0).sqrt()
        ratio, correlation = generated / photos, covariance[0, 1] / (generated * photos)
        # Of the logarithm of the ratio the variance is (1 - r^2) / (n - 1) (Pitman 1939, Morgan 1939).
        error = ratio * ((1 - correlation.nan_to_num().square()) / (self.count - 1)).clamp(min=0).sqrt()
        correlation_error = (1 - correlation.square()) / (self.count - 1).clamp(min=1).sqrt()
        return PoseSummary(ratio, error, correlation, correlation_error, self.count)


def turn_of(landmarks: Tensor) -> Tensor:
    """How far the nose lies beside the middle of the eyes, in eye distances along the line of the eyes.

    It grows with the head's yaw to the right of the image and does not change with roll, place or size.

    Args:
        landmarks: (N, 5, 2) pixels.

    Returns:
        (N,), 0 for a face seen from the front.
    """
    left, right, nose = landmarks[:, 0], landmarks[:, 1], landmarks[:, 2]
    across = right - left
    return ((nose - (left + right) / 2) * across).sum(dim=1) / across.square().sum(dim=1).clamp(min=1e-6)
