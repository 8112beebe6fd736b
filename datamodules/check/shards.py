"""Check of a sharded set of faces: all shards, and all images in them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from datamodules.check.report import SetReport
from datamodules.datasets.shards import ShardedFaces, ShardIndex
from datamodules.datasets.shards.index import INDEX_NAME
from datamodules.errors import DataError
from datamodules.samples import Split


def check_shards(report: SetReport, progress: bool) -> None:
    """Check shards and fill in the report of their set; splits without shards count as empty."""
    try:
        index = ShardIndex.load(report.folder)
    except DataError as error:
        report.error(report.folder / INDEX_NAME, str(error))
        return
    for split in index.splits:
        _check_split(report, split, progress)
    found: dict[str, int] = {split: len(part.names) for split, part in index.splits.items()}
    for part, published in report.data_set.published.items():
        report.count(part, "images", sum(found.values()) if part == "all" else found.get(part, 0), published)


def _check_split(report: SetReport, split: Split, progress: bool) -> None:
    try:
        faces = ShardedFaces(report.folder, split)
    except DataError as error:
        report.error(report.folder / split, str(error))
        return

    def find_fault(index: int) -> str | None:
        try:
            faces[index]
        except DataError as error:
            return str(error)
        return None

    title = f"{report.folder.name} {split}"
    with ThreadPoolExecutor() as pool:  # decoding releases the GIL
        faults = pool.map(find_fault, range(len(faces)))
        for fault in tqdm(faults, total=len(faces), desc=title, unit="image", disable=None if progress else True):
            if fault is not None:
                report.error(report.folder / split, fault)
