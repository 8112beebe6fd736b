"""Average precision of detected faces, as PASCAL VOC and WIDER FACE count it."""

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
    """The faces of one image; M may be 0.

    Attributes:
        boxes: (M, 4) pixels, the edges x1, y1, x2, y2.
        is_ignored: (M,) bool, the faces that need not be found: missing them is no miss, finding them no false alarm.
    """

    boxes: Tensor
    is_ignored: Tensor


class PrecisionSummary(NamedTuple):
    """How well faces are told from everything else.

    Attributes:
        average_precision: () area under the curve in [0, 1], at each recall under the highest precision there or beyond
            (all points, VOC 2010 and later); NaN where there was no face to find.
        recall: () share of the faces that were found at all; NaN where there was no face to find.
        curve: (3, P) rows precision, recall and score, for each score that was given from the highest to the lowest:
            the share of hits among the detections of that score or a higher one, and the share of the faces they are.
    """

    average_precision: Tensor
    recall: Tensor
    curve: Tensor  # one tensor, since torchmetrics makes scalars of vectors with one element


class DetectionPrecision(Metric):
    """Average precision at one overlap.

    By falling score each detection of an image belongs to the face it overlaps most, where it does so enough. It is a
    hit, unless a detection of a higher score has hit that face, and leaves the count where that face is ignored; every
    other one is a false alarm. So do VOC's and WIDER FACE's own tools, which take in addition one pixel more for the
    width and height of each box, and WIDER FACE's only a thousand of the scores.

    Args:
        iou_threshold: Lowest intersection over union that counts, above 0.

    Raises:
        ValueError: The threshold is out of its range.
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
        # Vectors of one type, since a process without any detection takes part in the gathering with such a one.
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("hits", default=[], dist_reduce_fx="cat")
        self.add_state("faces", default=torch.tensor(0), dist_reduce_fx="sum")

    def update(self, detections: Sequence[Detections], truths: Sequence[TrueBoxes]) -> None:
        """Takes in images.

        Args:
            detections: What was found in each image.
            truths: What there was to find, image by image.

        Raises:
            ValueError: There are more of one than of the other.
        """
        for found, truth in zip(detections, truths, strict=True):
            is_hit, counts = judge(found, truth, self.iou_threshold)
            self.scores.append(found.scores[counts].float())
            self.hits.append(is_hit[counts].float())
            self.faces += (~truth.is_ignored).sum()

    def compute(self) -> PrecisionSummary:
        """Sums up all images of all processes; it does not hang on their order."""
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
    """Which detections of one image are hits, and which count at all.

    Returns:
        (N,) bool and (N,) bool, in the order of the detections.
    """
    nobody = torch.zeros(len(found), dtype=torch.bool, device=found.scores.device)
    if not len(found) or not len(truth.boxes):
        return nobody, ~nobody
    order = found.scores.argsort(descending=True, stable=True)
    overlap, face = box_iou(found.boxes[order], truth.boxes).nan_to_num(0).max(dim=1)
    is_on_face = overlap >= iou_threshold
    claims = (face[:, None] == torch.arange(len(truth.boxes), device=face.device)) & is_on_face[:, None]
    is_first = (claims & (claims.cumsum(0) == 1)).any(dim=1)
    is_on_ignored = is_on_face & truth.is_ignored[face]
    is_hit, counts = nobody.clone(), nobody.clone()
    is_hit[order], counts[order] = is_first & ~is_on_ignored, ~is_on_ignored
    return is_hit, counts


def area_under(precisions: Tensor, recalls: Tensor) -> Tensor:
    """Area under a curve, at each recall under the highest precision there or beyond.

    Args:
        precisions: (P,); P may be 0.
        recalls: (P,) rising.
    """
    best_beyond = precisions.flip(0).cummax(0).values.flip(0)
    return (recalls.diff(prepend=recalls.new_zeros(1)) * best_beyond).sum()
