"""Normalised mean error (NME) of five landmarks."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

LARGE_ERROR = 0.1
"""Faces with a larger error count as failures (Sun et al. 2013, "failure rate")."""

_LEFT_EYE, _RIGHT_EYE = 0, 1
_POINTS = 5


class LandmarkErrorSummary(NamedTuple):
    """Errors over all faces, normalised by the true eye distance; NaN without faces.

    Attributes:
        mean: () mean over the faces of each face's mean over its five points.
        median: () median of the same.
        share_over_10_percent: () fraction in [0, 1] of the faces whose mean is above 10 %.
        per_point: (5,) mean over the faces: left eye, right eye, nose, left mouth corner, right mouth corner.
    """

    mean: Tensor
    median: Tensor
    share_over_10_percent: Tensor
    per_point: Tensor


class LandmarkError(Metric):
    """Distance between predicted and true landmarks, normalised by the eye distance."""

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    errors: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("errors", default=[], dist_reduce_fx="cat")

    def update(self, predicted: Tensor, truth: Tensor) -> None:
        """Add faces.

        Args:
            predicted: (N, 5, 2) pixels; N may be 0.
            truth: (N, 5, 2) pixels.

        Raises:
            ValueError: As in ``landmark_errors``.
        """
        # Flattened, so that processes without faces can take part in the gather.
        self.errors.append(landmark_errors(predicted, truth).flatten())

    def compute(self) -> LandmarkErrorSummary:
        """The result over all faces of all processes."""
        flat = dim_zero_cat(self.errors) if len(self.errors) else torch.empty(0, device=self.device)
        errors = flat.double().view(-1, _POINTS)
        faces = errors.mean(dim=1)
        return LandmarkErrorSummary(
            mean=faces.mean(),
            median=(faces.median() - (-faces).median()) / 2,  # mean of lower and upper median; NaN if empty
            share_over_10_percent=(faces > LARGE_ERROR).double().mean(),
            per_point=errors.mean(dim=0),
        )


def landmark_errors(predicted: Tensor, truth: Tensor) -> Tensor:
    """Distances between predicted and true points, normalised by the true eye distance.

    Args:
        predicted: (N, 5, 2) pixels; N may be 0.
        truth: (N, 5, 2) pixels.

    Returns:
        (N, 5) float32.

    Raises:
        ValueError: The shapes are wrong, or the true eyes of a face coincide or are unknown.
    """
    if predicted.shape != truth.shape or truth.shape[1:] != (_POINTS, 2):
        raise ValueError(f"expected two (N, 5, 2) tensors, got {tuple(predicted.shape)} and {tuple(truth.shape)}")
    between_eyes: Tensor = (truth[:, _LEFT_EYE] - truth[:, _RIGHT_EYE]).float().norm(dim=1, keepdim=True)
    is_known = (between_eyes > 0).flatten()
    if not is_known.all():
        raise ValueError(f"the true eyes of face {int(is_known.int().argmin())} coincide or are unknown")
    distances: Tensor = (predicted - truth).float().norm(dim=2)
    return distances / between_eyes
