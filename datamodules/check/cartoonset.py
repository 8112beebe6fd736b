"""Check of CartoonSet: the images, their csv files, and the attributes in them."""

from __future__ import annotations

from pathlib import Path

from datamodules.check.decode import decode_all
from datamodules.check.files import list_images, read_list
from datamodules.check.report import SetReport
from datamodules.datasets.cartoonset import parse_attributes

PUBLISHED_ATTRIBUTES = 18


def check_cartoonset(report: SetReport, progress: bool) -> None:
    """Check a CartoonSet and fill in its report."""
    images = list_images(report.folder)
    cartoons = [path for path in images if path.name.startswith("cs") and path.suffix == ".png"]
    decode_all(report, cartoons, progress)
    report.count("all", "images", len(cartoons), report.data_set.published["all"])
    if not cartoons:
        report.error(report.folder, "no cs*.png found")
    if len(images) > len(cartoons):
        report.note(report.folder, f"{len(images) - len(cartoons):,} images are not named cs*.png and are ignored")
    attribute_counts = [_check_attributes(report, path.with_suffix(".csv")) for path in cartoons]
    fewer = [count for count in attribute_counts if count < PUBLISHED_ATTRIBUTES]
    if fewer:
        message = f"{len(fewer):,} csv files have fewer attributes than the published {PUBLISHED_ATTRIBUTES}"
        report.note(report.folder, f"{message}; the minimum is {min(fewer)}")
    _check_orphans(report, {path.with_suffix(".csv") for path in cartoons})


def _check_attributes(report: SetReport, path: Path) -> int:
    """Check a csv; return the number of its valid lines."""
    attributes, problems = parse_attributes(read_list(report, path))
    for problem in problems:
        report.error(path, problem.message, problem.line)
    if "hair_color" not in attributes and path.exists():
        report.error(path, "there is no valid line for hair_color")
    return len(attributes)


def _check_orphans(report: SetReport, expected: set[Path]) -> None:
    for path in sorted(report.folder.rglob("cs*.csv")):
        if path not in expected:
            report.error(path, f"its image {path.with_suffix('.png').name} is missing")
