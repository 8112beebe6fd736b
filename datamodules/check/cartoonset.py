"""Checking CartoonSet: every image, its csv, and the attributes in it."""

from __future__ import annotations

import csv
from pathlib import Path

from datamodules.check.decode import decode_all
from datamodules.check.files import list_images, read_list
from datamodules.check.report import SetReport
from datamodules.layout import SetName

PUBLISHED = {SetName.CARTOONSET10K: 10_000, SetName.CARTOONSET100K: 100_000}
PUBLISHED_ATTRIBUTES = 18


def check_cartoonset(report: SetReport, progress: bool) -> None:
    """Check a CartoonSet and fill in its report."""
    images = list_images(report.folder)
    cartoons = [path for path in images if path.name.startswith("cs") and path.suffix == ".png"]
    decode_all(report, cartoons, progress)
    report.count("all", "images", len(cartoons), PUBLISHED[report.name])
    if not cartoons:
        report.error(report.folder, "it holds no cs*.png")
    if len(images) > len(cartoons):
        report.note(report.folder, f"{len(images) - len(cartoons):,} images are not named cs*.png and so are not read")
    attribute_counts = [_check_attributes(report, path.with_suffix(".csv")) for path in cartoons]
    fewer = [count for count in attribute_counts if count < PUBLISHED_ATTRIBUTES]
    if fewer:
        message = f"{len(fewer):,} csv files have fewer attributes than the published {PUBLISHED_ATTRIBUTES}"
        report.note(report.folder, f"{message}, the least {min(fewer)}")
    _check_strays(report, {path.with_suffix(".csv") for path in cartoons})


def _check_attributes(report: SetReport, path: Path) -> int:
    """Check a csv of lines ``"name", value index, cardinality``; return the number of good ones."""
    names: set[str] = set()
    lines = read_list(report, path)
    for number, line in enumerate(lines, start=1):
        try:
            words = next(csv.reader([line], skipinitialspace=True), [])
        except csv.Error as error:
            report.error(path, str(error), number)
            continue
        fault = _find_attribute_fault(words) if words else None
        if fault is not None:
            report.error(path, fault, number)
        elif words:
            names.add(words[0])
    if "hair_color" not in names and path.exists():
        report.error(path, "there is no valid line for hair_color")
    return len(names)


def _find_attribute_fault(words: list[str]) -> str | None:
    try:
        name, value, cardinality = words[0], int(words[1]), int(words[2])
    except (IndexError, ValueError):
        return f'expected `"name", value index, cardinality`, found {words}'
    is_known = 0 <= value < cardinality
    return None if is_known else f"{name} is {value}, but has only the values 0 to {cardinality - 1}"


def _check_strays(report: SetReport, expected: set[Path]) -> None:
    for path in sorted(report.folder.rglob("cs*.csv")):
        if path not in expected:
            report.error(path, f"its image {path.with_suffix('.png').name} is missing")
