"""Check of WIDER FACE: both lists, and their images and boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.check.decode import decode_all
from datamodules.check.files import list_images, note_unlisted, read_list
from datamodules.check.geometry import Size, find_box_fault
from datamodules.check.report import Fault, SetReport, Severity
from datamodules.datasets.wider_face import WiderAnnotation, WiderSplit, images_folder, list_path, parse_annotations

PUBLISHED: dict[WiderSplit, tuple[int, int]] = {"train": (12_880, 159_424), "val": (3_226, 39_708)}
"""Images and boxes of each split."""


def check_wider_face(report: SetReport, progress: bool) -> None:
    """Check WIDER FACE and fill in its report; a missing split is only a note about the count."""
    present = [split for split in PUBLISHED if _is_present(report.folder, split)]
    if not present:
        report.error(report.folder, "neither split has images or boxes")
    for split in PUBLISHED:
        _check_split(report, split, split in present, progress)


def _is_present(folder: Path, split: WiderSplit) -> bool:
    return list_path(folder, split).exists() or images_folder(folder, split).exists()


def _check_split(report: SetReport, split: WiderSplit, is_present: bool, progress: bool) -> None:
    folder, path = images_folder(report.folder, split), list_path(report.folder, split)
    images = list_images(folder)
    lines = read_list(report, path) if is_present else []
    sizes = decode_all(report, images, progress)
    annotations, problems = parse_annotations(lines)
    report.problems(path, problems)
    existing = set(images)
    listed = {folder / annotation.name for annotation in annotations}
    images_published, boxes_published = PUBLISHED[split]
    report.count(split, "images", len(listed & existing), images_published)
    report.count(split, "boxes", sum(len(annotation.boxes) for annotation in annotations), boxes_published)
    note_unlisted(report, folder, images, listed, path.name)
    for annotation in annotations:
        image = folder / annotation.name
        if image not in existing:
            report.error(path, f"no such image: {image}", annotation.line)
        _check_boxes(report, path, annotation, sizes.get(image))


def _check_boxes(report: SetReport, path: Path, annotation: WiderAnnotation, size: Size | None) -> None:
    for box, line in zip(annotation.boxes, annotation.box_lines, strict=True):
        report.fault(path, _find_fault(box, size), line)


def _find_fault(box: NDArray[np.float32], size: Size | None) -> Fault | None:
    """Validate a box ``(4,)`` of x, y, width, height.

    The official lists have a few boxes of zero width or height, so these are only a note.
    """
    x, y, width, height = box
    if width < 0 or height < 0:
        return Severity.ERROR, f"the box has a negative size: {width:g} x {height:g} px"
    if width == 0 or height == 0:
        return Severity.NOTE, f"the box has no area: {width:g} x {height:g} px, as a few official ones"
    return find_box_fault(np.array([x, y, x + width, y + height]), size) if size is not None else None
