"""Training losses of the detector stages (paper Eq. 1-3; Zhang et al. 2016, 3.3)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from networks.mtcnn.nets import BOX_OFFSETS, FACE_LOGITS, LANDMARKS, StageOutput

LandmarkLoss = Literal["squared", "distance"]
"""The paper's squared error (Eq. 3), or the distance, whose gradient does not vanish for small errors."""


_SMALLEST_SQUARE = 1e-6
"""Keeps the gradient of the distance finite at 0."""


class StageLosses(NamedTuple):
    """The three losses of a stage, float32 scalars; 0 if no crop has the label.

    Attributes:
        face: Binary cross entropy of face classification (Eq. 1), over the hardest crops.
        box: Squared error of the box offsets, summed over the four offsets (Eq. 2).
        landmarks: Squared error of the landmarks, summed over the ten coordinates (Eq. 3), or their distances to the
            ground truth, summed over the five points.
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
    """The losses of a batch of crops, each over the crops with the corresponding label.

    Args:
        output: Output of the net for B crops.
        face: (B,) int64: 1 for a face, 0 for background, -1 to ignore.
        box: (B, 4) offsets, NaN if unlabelled.
        landmarks: (B, 5, 2), NaN if unlabelled.
        hard_ratio: Fraction of crops in the face loss, hardest first (online hard example mining); 1 keeps all.
        landmark_loss: Landmark loss function.
    """
    seen = of_crops(output)
    measure = _squared_error if landmark_loss == "squared" else _distance
    return StageLosses(
        hard_cross_entropy(seen.face[face >= 0], face[face >= 0], hard_ratio),
        _squared_error(seen.box, box),
        measure(seen.landmarks.flatten(1), landmarks.flatten(1)),
    )


def of_crops(output: StageOutput) -> StageOutput:
    """The output for single windows in float32; PNet's row and column axes, of size one, are removed."""
    count = len(output.face)
    return StageOutput(
        output.face.reshape(count, FACE_LOGITS).float(),
        output.box.reshape(count, BOX_OFFSETS).float(),
        output.landmarks.reshape(count, LANDMARKS, 2).float(),
    )


def hard_cross_entropy(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Mean cross entropy of the hardest ``share`` of (N, 2) logits; 0 if empty."""
    if not len(labels):
        return logits.sum()
    each = F.cross_entropy(logits, labels, reduction="none")
    hardest: Tensor = each.topk(max(1, round(share * len(each)))).values.mean()
    return hardest


def _squared_error(found: Tensor, truth: Tensor) -> Tensor:
    """Squared error summed over columns, averaged over the labelled rows."""
    difference, known = _difference(found, truth)
    return difference.square().sum() / known


def _distance(found: Tensor, truth: Tensor) -> Tensor:
    """Point distances (two columns per point), summed and averaged over the labelled rows."""
    difference, known = _difference(found, truth)
    squared = difference.view(len(difference), -1, 2).square().sum(dim=2)
    distances: Tensor = (squared + _SMALLEST_SQUARE).sqrt() - _SMALLEST_SQUARE**0.5
    return distances.sum() / known


def _difference(found: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Difference to the ground truth, 0 where unlabelled, and the number of labelled rows, at least 1."""
    is_known = ~torch.isnan(truth).any(dim=1)
    return torch.where(is_known[:, None], found - truth.nan_to_num(), 0), is_known.sum().clamp(min=1)
