"""Writes the sample data: every picture from its own seed, on as many processes as help, all or nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
from tqdm import tqdm

from datamodules.sample_data.published_sets import SETS, Row

GENERATOR_VERSION = 2
"""Raised whenever the same count and seed would give other files."""

MANIFEST = "sample_data.json"

_FOLDERS = tuple(dict.fromkeys(item.folder for item in SETS))
_SMALLEST_COUNT = 10
_FIRST_COUNT_FOR_PROCESSES = 100


@dataclass(frozen=True)
class SampleDataSummary:
    """What `write_sample_data` left on disk.

    Attributes:
        folder: Folder that holds the four sets.
        celeba: Number of photographs.
        cartoonset: Number of cartoons.
        wider_train: Number of training scenes.
        wider_val: Number of validation scenes.
        lfw_net: Number of LFW+Net pictures, a quarter of them for test.
    """

    folder: Path
    celeba: int
    cartoonset: int
    wider_train: int
    wider_val: int
    lfw_net: int


@dataclass(frozen=True)
class _Job:
    which: int
    index: int
    seed: int
    folder: Path


def write_sample_data(out: Path, count: int = 500, seed: int = 0, progress: bool = True) -> SampleDataSummary:
    """Draw the project's own sample data: CelebA, CartoonSet, WIDER FACE and LFW+Net in small, in their own formats.

    The same count and seed always give the same bytes. Files appear under `out` only once all of them are drawn. Called
    again with the same arguments it returns at once.

    Args:
        out: Folder to write `celeba`, `cartoonset10k`, `wider_face` and `lfw_net` into.
        count: Number of photographs and of cartoons, at least 10; the other sets follow from it.
        seed: Number that the pictures depend on, not negative.
        progress: Whether to show a progress bar.

    Returns:
        Folder and number of pictures of every set.

    Raises:
        ValueError: If count or seed is too small.
        FileExistsError: If one of the four folders is there already and is not this very sample data.
    """
    return _write(Path(out), count, seed, progress, _processes_for(count))


def _write(out: Path, count: int, seed: int, progress: bool, processes: int) -> SampleDataSummary:
    if count < _SMALLEST_COUNT:
        raise ValueError(f"count must be at least {_SMALLEST_COUNT}, so that no split is empty; it is {count}")
    if seed < 0:
        raise ValueError(f"seed must not be negative; it is {seed}")
    summary = SampleDataSummary(out, *(item.amount(count) for item in SETS))
    if _is_complete(out, _manifest(count, seed, summary)):
        return summary
    _refuse_to_overwrite(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    drawn = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _draw_all(drawn, count, seed, progress, processes)
        (drawn / MANIFEST).write_text(json.dumps(_manifest(count, seed, summary), indent=2) + "\n")
        out.mkdir(exist_ok=True)
        for name in (*_FOLDERS, MANIFEST):
            (drawn / name).replace(out / name)
    finally:
        shutil.rmtree(drawn, ignore_errors=True)
    return summary


def _processes_for(count: int) -> int:
    return 1 if count < _FIRST_COUNT_FOR_PROCESSES else min(os.cpu_count() or 1, 8)


def _manifest(count: int, seed: int, summary: SampleDataSummary) -> dict[str, int | dict[str, int]]:
    files = {name: value for name, value in asdict(summary).items() if name != "folder"}
    return {"generator": GENERATOR_VERSION, "count": count, "seed": seed, "pictures": files}


def _is_complete(out: Path, manifest: dict[str, int | dict[str, int]]) -> bool:
    try:
        found = json.loads((out / MANIFEST).read_text())
    except (OSError, ValueError):
        return False
    return bool(found == manifest) and all((out / name).is_dir() for name in _FOLDERS)


def _refuse_to_overwrite(out: Path) -> None:
    for name in _FOLDERS:
        if (out / name).exists():
            raise FileExistsError(
                f"{out / name} is there already and is not the sample data of this count, seed and version: "
                "delete or move it, or choose another folder"
            )


def _draw_all(folder: Path, count: int, seed: int, progress: bool, processes: int) -> None:
    jobs = [
        _Job(which, index, seed, folder / item.folder)
        for which, item in enumerate(SETS)
        for index in range(item.amount(count))
    ]
    for name in _FOLDERS:
        (folder / name).mkdir()
    rows: list[list[Row]] = [[] for _ in SETS]
    with tqdm(total=len(jobs), desc="sample data", unit="picture", disable=None if progress else True) as bar:
        for job, row in zip(jobs, _results(jobs, processes), strict=True):
            rows[job.which].append(row)
            bar.update()
    for item, item_rows in zip(SETS, rows, strict=True):
        item.finish(folder / item.folder, item_rows)


def _results(jobs: list[_Job], processes: int) -> Iterator[Row]:
    if processes == 1:
        yield from map(_run, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(_run, jobs, chunksize=4)


def _run(job: _Job) -> Row:
    return SETS[job.which].draw(job.folder, job.seed, job.index)
