"""Check of CelebA: partition, attributes and landmarks of every photo, and the two optional in-the-wild lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from datamodules.check.decode import decode_all
from datamodules.check.files import list_images, note_unlisted, read_list
from datamodules.check.geometry import Size, find_landmark_fault
from datamodules.check.report import Fault, SetReport, Severity
from datamodules.datasets.annotations import parse_finite
from datamodules.datasets.celeba import ATTRIBUTE_VALUES, PARTITIONS, ListRow, parse_rows
from datamodules.datasets.masked_photos import HEAD_MASKS, PERSON_MASKS

PUBLISHED_IMAGES = 202_599

RowFault = Callable[[str, list[str]], Fault | None]
"""Validates an image's row: takes the image name and the values, returns severity and reason of a fault, or None."""


def check_celeba(report: SetReport, progress: bool) -> None:
    """Check CelebA and fill in its report."""
    folder = report.folder / "img_align_celeba"
    images = list_images(folder)
    sizes = {path.name: size for path, size in decode_all(report, images, progress).items()}
    names = {path.name for path in images}
    partition = _check_partition(report, folder, names)
    report.count("all", "images", len(images), PUBLISHED_IMAGES)
    for number, (split, published) in enumerate(report.data_set.published.items()):
        found = sum(row.values == [str(number)] for name, row in partition.items() if name in names)
        report.count(split, "images", found, published)
    note_unlisted(report, folder, images, {folder / name for name in partition}, "list_eval_partition.txt")

    def find_landmark_row_fault(name: str, words: list[str]) -> Fault | None:
        return _find_number_fault(words) or _find_point_fault(words, sizes.get(name))

    _check_table(report, "list_attr_celeba.txt", 40, partition, _find_attribute_fault)
    _check_table(report, "list_landmarks_align_celeba.txt", 10, partition, find_landmark_row_fault)
    _check_wild(report, partition)
    _check_masks(report, names, sizes, progress)


def _check_partition(report: SetReport, folder: Path, names: set[str]) -> dict[str, ListRow]:
    """Check the partition, and that its images exist."""
    path = report.folder / "list_eval_partition.txt"
    rows, problems = parse_rows(read_list(report, path), header_lines=0, columns=1)
    report.problems(path, problems)
    for name, row in rows.items():
        if row.values[0] not in PARTITIONS:
            report.error(path, f"the part is {row.values[0]}, expected 0, 1 or 2", row.line)
        if name not in names:
            report.error(path, f"no such image: {folder / name}", row.line)
    return rows


def _check_wild(report: SetReport, partition: dict[str, ListRow]) -> None:
    """Check the values of the optional lists; their photos are not part of this layout."""
    if (report.folder / "list_bbox_celeba.txt").exists():
        _check_table(report, "list_bbox_celeba.txt", 4, partition, lambda _, words: _find_wild_box_fault(words))
    if (report.folder / "list_landmarks_celeba.txt").exists():
        _check_table(report, "list_landmarks_celeba.txt", 10, partition, lambda _, words: _find_number_fault(words))


def _check_masks(report: SetReport, names: set[str], sizes: dict[str, Size], progress: bool) -> None:
    """Check that each optional mask, which CelebA does not publish, belongs to a photo and has its size."""
    names_of = {Path(name).stem: name for name in names}
    for kind in (PERSON_MASKS, HEAD_MASKS):
        masks = decode_all(report, list_images(report.folder / kind), progress)
        orphans = [path for path in masks if path.stem not in names_of]
        if orphans:
            report.note(report.folder / kind, f"{len(orphans):,} masks have no photo, e.g. {orphans[0].name}")
        for path, size in masks.items():
            photo = sizes.get(names_of.get(path.stem, ""), size)
            if photo != size:
                report.error(path, f"the mask is {size[0]}x{size[1]} pixels, its photo {photo[0]}x{photo[1]}")


def _check_table(
    report: SetReport, file_name: str, columns: int, partition: dict[str, ListRow], find_fault: RowFault
) -> None:
    """Check a list with two header lines: its row count and column names, one row per image, and the rows' values."""
    path = report.folder / file_name
    lines = read_list(report, path)
    if not lines:
        return
    header = [word for word in "".join(lines[1:2]).split() if word != "image_id"]
    if len(header) != columns:
        report.error(path, f"{len(header)} column names, expected {columns}", 2)
    rows, problems = parse_rows(lines, header_lines=2, columns=columns)
    report.problems(path, problems)
    listed = [line.split()[0] for line in lines[2:] if line.strip()]
    if lines[0].strip() != str(len(listed)):
        report.error(path, f"the first line says '{lines[0].strip()}' rows, but {len(listed)} follow", 1)
    missing = sorted(partition.keys() - set(listed))
    if missing:
        report.error(path, f"{len(missing):,} images of list_eval_partition.txt have no row, e.g. {missing[0]}")
    for name, row in rows.items():
        report.fault(path, find_fault(name, row.values), row.line)


def _find_attribute_fault(_: str, words: list[str]) -> Fault | None:
    wrong = [word for word in words if word not in ATTRIBUTE_VALUES]
    return (Severity.ERROR, f"an attribute is '{wrong[0]}', expected 1 or -1") if wrong else None


def _find_number_fault(words: list[str]) -> Fault | None:
    is_finite = parse_finite(words) is not None
    return None if is_finite else (Severity.ERROR, f"expected {len(words)} finite numbers, found '{' '.join(words)}'")


def _find_point_fault(words: list[str], size: Size | None) -> Fault | None:
    if size is None:
        return None
    return find_landmark_fault(np.array(words, dtype=np.float32).reshape(5, 2), size)


def _find_wild_box_fault(words: list[str]) -> Fault | None:
    """Validate a box; rows of four zeros occur in the published list and are only a note."""
    fault = _find_number_fault(words)
    if fault is not None:
        return fault
    x, y, width, height = map(float, words)
    if x == y == width == height == 0:
        return Severity.NOTE, "the box is all zeros, as in the published list: no box is known"
    if width <= 0 or height <= 0:
        return Severity.ERROR, f"the box has no area: {width:g} x {height:g} px"
    return (Severity.ERROR, f"the box starts outside the image, at ({x:g}, {y:g})") if min(x, y) < 0 else None
