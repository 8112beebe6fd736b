"""Check of LFW+Net: both lists, and their images, boxes and landmarks."""

from __future__ import annotations

from pathlib import Path

from datamodules.check.decode import decode_all
from datamodules.check.files import list_images, note_unlisted, read_list
from datamodules.check.geometry import Size, find_box_fault, find_landmark_fault
from datamodules.check.report import Fault, SetReport, Severity
from datamodules.datasets.lfw_net import LfwNetAnnotation, LfwNetSplit, list_path, parse_annotations

PUBLISHED: dict[LfwNetSplit, int] = {"train": 10_000, "test": 3_466}
"""Lines of each list."""


def check_lfw_net(report: SetReport, progress: bool) -> None:
    """Check LFW+Net and fill in its report."""
    images = list_images(report.folder)
    sizes = decode_all(report, images, progress)
    existing = set(images)
    listed = {
        report.folder / annotation.name
        for split in PUBLISHED
        for annotation in _check_list(report, split, existing, sizes)
    }
    note_unlisted(report, report.folder, images, listed, "trainImageList.txt or testImageList.txt")


def _check_list(
    report: SetReport, split: LfwNetSplit, existing: set[Path], sizes: dict[Path, Size]
) -> list[LfwNetAnnotation]:
    path = list_path(report.folder, split)
    annotations, problems = parse_annotations(read_list(report, path))
    report.problems(path, problems)
    report.count(split, "faces", len(annotations), PUBLISHED[split])
    for annotation in annotations:
        image = report.folder / annotation.name
        if image not in existing:
            report.error(path, f"no such image: {image}", annotation.line)
        for fault in _find_faults(annotation, sizes.get(image)):
            report.fault(path, fault, annotation.line)
    return annotations


def _find_faults(annotation: LfwNetAnnotation, size: Size | None) -> list[Fault | None]:
    """Validate a box and its landmarks; their positions only if the image's size is known."""
    x1, y1, x2, y2 = annotation.box
    if x2 <= x1 or y2 <= y1:
        return [(Severity.ERROR, f"the box has no area: {x2 - x1:g} x {y2 - y1:g} px (the order is x1 x2 y1 y2)")]
    if size is None:
        return []
    return [find_box_fault(annotation.box, size), find_landmark_fault(annotation.landmarks, size)]
