"""What a stage of the detector is trained by (paper Eq. 1-3; Zhang et al. 2016, 3.3)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from networks.mtcnn.nets import BOX_OFFSETS, FACE_LOGITS, LANDMARKS, StageOutput

LandmarkLoss = Literal["squared", "distance"]
"""The squared error of the paper (Eq. 3), or the distance itself, whose gradient does not fade as points come close."""


_SMALLEST_SQUARE = 1e-6
"""Keeps the distance's gradient finite where it is 0."""


class StageLosses(NamedTuple):
    """The three losses of a stage, float32 scalars; 0 where no crop carries the label.

    Attributes:
        face: Cross entropy of face and no face (Eq. 1), over the hardest crops.
        box: Squared error of the box offsets, summed over the four (Eq. 2).
        landmarks: Squared error of the landmarks, summed over their ten coordinates (Eq. 3), or their distances from
            the true ones, summed over the five.
    """

    face: Tensor
    box: Tensor
    landmarks: Tensor


def stage_losses(
    output: StageOutput,
    face: Tensor,
    box: Tensor,
    landmarks: Tensor,
    hard_ratio: float,
    landmark_loss: LandmarkLoss = "squared",
) -> StageLosses:
    """The losses of a batch of crops, each over those that carry its label.

    Args:
        output: What the net says of B crops.
        face: (B,) int64: 1 for a face, 0 for none, -1 for neither.
        box: (B, 4) offsets, NaN where there are none to learn.
        landmarks: (B, 5, 2), NaN where there are none to learn.
        hard_ratio: Of the crops with a verdict, the share of the hardest that the classification learns from (online
            hard example mining); 1 takes all.
        landmark_loss: Measure of the landmarks' error.
    """
    seen = of_crops(output)
    measure = _squared_error if landmark_loss == "squared" else _distance
    return StageLosses(
        hard_cross_entropy(seen.face[face >= 0], face[face >= 0], hard_ratio),
        _squared_error(seen.box, box),
        measure(seen.landmarks.flatten(1), landmarks.flatten(1)),
    )


def of_crops(output: StageOutput) -> StageOutput:
    """The output for single windows in float32; PNet's loses its axes of rows and columns, of one entry each."""
    count = len(output.face)
    return StageOutput(
        output.face.reshape(count, FACE_LOGITS).float(),
        output.box.reshape(count, BOX_OFFSETS).float(),
        output.landmarks.reshape(count, LANDMARKS, 2).float(),
    )


def hard_cross_entropy(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Mean cross entropy of the hardest ``share`` of (N, 2) logits; 0 of none."""
    if not len(labels):
        return logits.sum()
    each = F.cross_entropy(logits, labels, reduction="none")
    hardest: Tensor = each.topk(max(1, round(share * len(each)))).values.mean()
    return hardest


def _squared_error(found: Tensor, truth: Tensor) -> Tensor:
    """Mean over the rows whose truth is known of the sum over the columns."""
    difference, known = _difference(found, truth)
    return difference.square().sum() / known


def _distance(found: Tensor, truth: Tensor) -> Tensor:
    """Mean over the rows whose truth is known of the points' distances, whose coordinates are two columns each."""
    difference, known = _difference(found, truth)
    squared = difference.view(len(difference), -1, 2).square().sum(dim=2)
    distances: Tensor = (squared + _SMALLEST_SQUARE).sqrt() - _SMALLEST_SQUARE**0.5
    return distances.sum() / known


def _difference(found: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """What is missing to the truth, 0 where that is unknown, and in how many rows it is known, at least 1."""
    is_known = ~torch.isnan(truth).any(dim=1)
    return torch.where(is_known[:, None], found - truth.nan_to_num(), 0), is_known.sum().clamp(min=1)
