"""Check of CelebAMask-HQ: the mapping to CelebA, the photos, and their masks."""

from __future__ import annotations

from pathlib import Path

from datamodules.check.decode import decode_all
from datamodules.check.files import list_images, note_unlisted, read_list
from datamodules.check.geometry import Size
from datamodules.check.report import SetReport
from datamodules.datasets.celebamask_hq import IMAGES, MAPPING, MASKS, OF_CELEBA, mask_paths, parse_mapping
from datamodules.samples import Split

PUBLISHED: dict[Split, int] = {"train": 24_183, "val": 2_993, "test": 2_824}
"""Photos of each CelebA split."""

PUBLISHED_IMAGES = 30_000


def check_celebamask_hq(report: SetReport, progress: bool) -> None:
    """Check CelebAMask-HQ and fill in its report."""
    folder = report.folder
    images = list_images(folder / IMAGES)
    decode_all(report, images, progress)
    sizes = decode_all(report, list_images(folder / MASKS), progress)
    rows, problems = parse_mapping(read_list(report, folder / MAPPING))
    report.problems(folder / MAPPING, problems)
    existing = set(images)
    report.count("all", "images", len(images), PUBLISHED_IMAGES)
    for split, published in PUBLISHED.items():
        present = [number for number, row in rows.items() if row.place in OF_CELEBA[split]]
        found = sum(_photo(folder, number) in existing for number in present)
        report.count(split, "images", found, published)
    listed = {_photo(folder, number) for number in rows}
    note_unlisted(report, folder / IMAGES, images, listed, MAPPING)
    for number, row in rows.items():
        if _photo(folder, number) not in existing:
            report.error(folder / MAPPING, f"no such image: {_photo(folder, number)}", row.line)
        _check_masks(report, number, sizes)


def _photo(folder: Path, number: int) -> Path:
    return folder / IMAGES / f"{number}.jpg"


def _check_masks(report: SetReport, number: int, sizes: dict[Path, Size]) -> None:
    """Report photos without masks, and masks of different sizes."""
    paths = mask_paths(report.folder, number)
    masks = {path: sizes[path] for path in paths.values() if path in sizes}
    if not masks:
        report.error(paths["skin"].parent, f"photo {number} has no mask such as {paths['skin'].name}")
    elif len(set(masks.values())) > 1:
        odd = next(path for path, size in masks.items() if size != next(iter(masks.values())))
        report.error(odd, f"the mask is {sizes[odd][0]}x{sizes[odd][1]} pixels, other masks of the photo are not")
