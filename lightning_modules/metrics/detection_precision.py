"""Average precision of face detection, as defined by PASCAL VOC and WIDER FACE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat
from torchvision.ops import box_iou

from networks.mtcnn import Detections


class TrueBoxes(NamedTuple):
    """Ground-truth faces of one image; M may be 0.

    Attributes:
        boxes: (M, 4) pixels, the edges x1, y1, x2, y2.
        is_ignored: (M,) bool, faces to ignore: neither missed nor false positives.
    """

    boxes: Tensor
    is_ignored: Tensor


class PrecisionSummary(NamedTuple):
    """Precision and recall of a detector.

    Attributes:
        average_precision: () area under the interpolated precision-recall curve in [0, 1] (all points, VOC 2010 and
            later); NaN if there are no faces.
        recall: () overall recall; NaN if there are no faces.
        curve: (3, P) rows precision, recall and score, for each distinct score in descending order, over the detections
            with at least that score.
    """

    average_precision: Tensor
    recall: Tensor
    curve: Tensor  # one tensor, since torchmetrics converts vectors with one element to scalars


class DetectionPrecision(Metric):
    """Average precision at one IoU threshold.

    In order of descending score, each detection is matched to the face it overlaps most, if the IoU is high enough. It
    is a true positive unless that face has been matched before; matches of ignored faces are not counted; all other
    detections are false positives. The official VOC and WIDER FACE tools do the same, except that they add one pixel to
    the width and height of boxes, and WIDER FACE's uses only a thousand score thresholds.

    Args:
        iou_threshold: Minimum intersection over union of a match, above 0.

    Raises:
        ValueError: The threshold is out of range.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    scores: list[Tensor]
    hits: list[Tensor]
    faces: Tensor

    def __init__(self, iou_threshold: float = 0.5) -> None:
        super().__init__()
        if not 0 < iou_threshold <= 1:
            raise ValueError(f"iou_threshold is {iou_threshold:g}; expected a number above 0, up to 1")
        self.iou_threshold = iou_threshold
        # All vectors have one dtype, so that processes without detections can take part in the gather.
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("hits", default=[], dist_reduce_fx="cat")
        self.add_state("faces", default=torch.tensor(0), dist_reduce_fx="sum")

    def update(self, detections: Sequence[Detections], truths: Sequence[TrueBoxes]) -> None:
        """Add images.

        Args:
            detections: Detections of each image.
            truths: Ground truth of each image.

        Raises:
            ValueError: Their lengths differ.
        """
        for found, truth in zip(detections, truths, strict=True):
            is_hit, counts = judge(found, truth, self.iou_threshold)
            self.scores.append(found.scores[counts].float())
            self.hits.append(is_hit[counts].float())
            self.faces += (~truth.is_ignored).sum()

    def compute(self) -> PrecisionSummary:
        """The result over all images of all processes; order-independent."""
        nothing = torch.empty(0, device=self.device)
        scores, order = (dim_zero_cat(self.scores) if len(self.scores) else nothing).sort(descending=True)
        hits = (dim_zero_cat(self.hits) if len(self.hits) else nothing)[order].double()
        is_last = torch.ones_like(scores, dtype=torch.bool)
        is_last[:-1] = scores[1:] < scores[:-1]
        detections = torch.arange(1, len(scores) + 1, device=self.device)
        precisions, recalls = (hits.cumsum(0) / detections)[is_last], (hits.cumsum(0) / self.faces)[is_last]
        area = area_under(precisions, recalls).where(self.faces > 0, torch.nan)
        curve = torch.stack((precisions, recalls, scores[is_last].double()))
        return PrecisionSummary(area, hits.sum() / self.faces, curve)


def judge(found: Detections, truth: TrueBoxes, iou_threshold: float) -> tuple[Tensor, Tensor]:
    """Match the detections of one image with its ground truth.

    Returns:
        (N,) bool, true positives; (N,) bool, detections that count. Both in the order of the detections.
    """
    none = torch.zeros(len(found), dtype=torch.bool, device=found.scores.device)
    if not len(found) or not len(truth.boxes):
        return none, ~none
    order = found.scores.argsort(descending=True, stable=True)
    overlap, face = box_iou(found.boxes[order], truth.boxes).nan_to_num(0).max(dim=1)
    is_on_face = overlap >= iou_threshold
    claims = (face[:, None] == torch.arange(len(truth.boxes), device=face.device)) & is_on_face[:, None]
    is_first = (claims & (claims.cumsum(0) == 1)).any(dim=1)
    is_on_ignored = is_on_face & truth.is_ignored[face]
    is_hit, counts = none.clone(), none.clone()
    is_hit[order], counts[order] = is_first & ~is_on_ignored, ~is_on_ignored
    return is_hit, counts


def area_under(precisions: Tensor, recalls: Tensor) -> Tensor:
    """Area under a precision-recall curve, interpolated by the maximum precision at equal or higher recall.

    Args:
        precisions: (P,); P may be 0.
        recalls: (P,) ascending.
    """
    best_beyond = precisions.flip(0).cummax(0).values.flip(0)
    return (recalls.diff(prepend=recalls.new_zeros(1)) * best_beyond).sum()
