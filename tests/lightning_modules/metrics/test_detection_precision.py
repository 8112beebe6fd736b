"""Average precision against planted answers and a count by hand for every score."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from lightning_modules.metrics import DetectionPrecision, PrecisionSummary, TrueBoxes
from networks.mtcnn import Detections

Box = list[float]
FACES: list[Box] = [[0, 0, 40, 40], [100, 0, 140, 40], [0, 100, 40, 140], [100, 100, 140, 140]]
NOWHERE: Box = [300, 300, 340, 340]


def found(*scored: tuple[Box, float]) -> Detections:
    boxes = torch.tensor([box for box, _ in scored]).reshape(-1, 4)
    return Detections(boxes, torch.tensor([score for _, score in scored]), torch.zeros(len(scored), 5, 2))


def faces(*boxes: Box, ignored: tuple[int, ...] = ()) -> TrueBoxes:
    return TrueBoxes(
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        torch.tensor([index in ignored for index in range(len(boxes))], dtype=torch.bool),
    )


def measure(detections: list[Detections], truths: list[TrueBoxes], threshold: float = 0.5) -> PrecisionSummary:
    metric = DetectionPrecision(threshold)
    metric.update(detections, truths)
    return metric.compute()


def overlap_of(a: Box, b: Box) -> float:
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    first, second = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return shared / (first + second - shared)


def count_by_hand(
    detections: list[Detections], truths: list[TrueBoxes], lowest: float, threshold: float
) -> tuple[int, int]:
    """Hits and false alarms among the detections of a score or a higher one, one detection after the other."""
    hits = alarms = 0
    for seen, truth in zip(detections, truths, strict=True):
        taken: set[int] = set()
        boxes: list[Box] = truth.boxes.tolist()
        scored = sorted(zip(seen.scores.tolist(), seen.boxes.tolist(), strict=True), key=lambda pair: -pair[0])
        for score, box in scored:
            if score < lowest:
                continue
            overlaps = [overlap_of(box, face) for face in boxes]
            best = overlaps.index(max(overlaps))
            if overlaps[best] < threshold or best in taken:
                alarms += 1
            elif not truth.is_ignored[best]:
                taken.add(best)
                hits += 1
    return hits, alarms


def area_by_hand(curve: list[tuple[float, float]]) -> float:
    """Of points of recall and precision: at each recall, the best precision at that or a higher one."""
    recalls = sorted({0.0, *(recall for recall, _ in curve)})
    return sum(
        (high - low) * max(precision for recall, precision in curve if recall >= high)
        for low, high in pairwise(recalls)
    )


def crowd(seed: int) -> tuple[list[Detections], list[TrueBoxes]]:
    """Images with faces at random, some ignored, and detections about them, several for one face, and elsewhere."""
    generator = torch.Generator().manual_seed(seed)
    detections, truths = [], []
    for count in (6, 1, 9):
        corners = 120 * torch.rand(count, 2, generator=generator)
        boxes = torch.cat((corners, corners + 20 + 30 * torch.rand(count, 2, generator=generator)), dim=1)
        moved = boxes.repeat(2, 1) + 5 * torch.randn(2 * count, 4, generator=generator)
        scores = (torch.rand(2 * count, generator=generator) * 12).round() / 12  # with ties
        detections.append(Detections(moved, scores, torch.zeros(2 * count, 5, 2)))
        truths.append(TrueBoxes(boxes, torch.rand(count, generator=generator) < 0.3))
    return detections, truths


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_the_curve_is_what_a_count_by_hand_gives(seed: int, threshold: float) -> None:
    detections, truths = crowd(seed)
    summary = measure(detections, truths, threshold)
    precisions, recalls, scores = summary.curve.tolist()
    wanted = sum(int((~truth.is_ignored).sum()) for truth in truths)
    expected = []
    for score in scores:
        hits, alarms = count_by_hand(detections, truths, score, threshold)
        expected.append((hits / wanted, hits / (hits + alarms)))
    assert recalls == pytest.approx([recall for recall, _ in expected])
    assert precisions == pytest.approx([precision for _, precision in expected])
    assert float(summary.average_precision) == pytest.approx(area_by_hand(expected))
    assert float(summary.recall) == pytest.approx(expected[-1][0])
    assert 0 < float(summary.average_precision) < 1


def test_a_planted_curve_has_its_planted_area() -> None:
    """Hit, false alarm, hit, miss: a third at precision 1, a third at 2/3, nothing after."""
    seen = found((FACES[0], 0.9), (NOWHERE, 0.8), (FACES[1], 0.7))
    summary = measure([seen], [faces(*FACES[:3])])
    assert summary.curve[0].tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert summary.curve[1].tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert float(summary.average_precision) == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    assert float(summary.recall) == pytest.approx(2 / 3)


def test_a_face_is_hit_once_and_by_its_best_score() -> None:
    shifted: Box = [4, 0, 44, 40]
    summary = measure([found((shifted, 0.6), (FACES[0], 0.9))], [faces(FACES[0])])
    assert summary.curve[0].tolist() == pytest.approx([1, 1 / 2])
    assert float(summary.average_precision) == 1


def test_ignored_faces_are_neither_missed_nor_false() -> None:
    seen = found((FACES[0], 0.9), (FACES[1], 0.95), (FACES[1], 0.92))
    summary = measure([seen], [faces(*FACES[:3], ignored=(1, 2))])
    assert summary.curve[2].tolist() == pytest.approx([0.9])
    assert float(summary.average_precision) == 1
    assert float(summary.recall) == 1


def test_the_overlap_that_counts_is_the_one_asked_for() -> None:
    half: Box = [0, 0, 40, 20]  # IoU 1/2
    for threshold, expected in ((0.5, 1), (0.51, 0)):
        summary = measure([found((half, 0.9))], [faces(FACES[0])], threshold)
        assert float(summary.average_precision) == expected


def test_equal_scores_leave_no_room_for_the_order_of_images() -> None:
    seen, truths = [found((FACES[0], 0.5)), found((NOWHERE, 0.5))], [faces(FACES[0]), faces(FACES[1])]
    forth, back = measure(seen, truths), measure(seen[::-1], truths[::-1])
    assert float(forth.average_precision) == float(back.average_precision) == pytest.approx(1 / 2 * 1 / 2)


def test_images_without_faces_or_detections_count_as_well() -> None:
    detections = [found(), found((NOWHERE, 0.9)), found((FACES[0], 0.8))]
    summary = measure(detections, [faces(FACES[0]), faces(), faces(FACES[0])])
    assert float(summary.recall) == pytest.approx(1 / 2)
    assert float(summary.average_precision) == pytest.approx(1 / 2 * 1 / 2)


def test_finding_nothing_is_zero_and_nothing_to_find_is_unknown() -> None:
    summary = measure([found()], [faces(FACES[0])])
    assert (float(summary.average_precision), float(summary.recall)) == (0, 0)
    for seen in (found(), found((FACES[0], 0.9))):
        summary = measure([seen], [faces(FACES[0], ignored=(0,))])
        assert bool(summary.average_precision.isnan())
        assert bool(summary.recall.isnan())
    summary = measure([], [])
    assert bool(summary.average_precision.isnan())
    assert summary.curve[2].tolist() == []


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ValueError, match="iou_threshold is 0"):
        DetectionPrecision(0)
    with pytest.raises(ValueError, match="zip"):
        measure([found()], [])
