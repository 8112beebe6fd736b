"""Writes the sample data atomically, each picture from its own seed, in parallel."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
from tqdm import tqdm

from datamodules.sample_data.published_sets import BIG_EARS, SETS, PublishedSet, Row

GENERATOR_VERSION = 2
"""Increased when the same count and seed produce different files."""

MANIFEST = "sample_data.json"

BIG_EARS_MANIFEST = "big_ears.json"

_SMALLEST_COUNT = 10
_FIRST_COUNT_FOR_PROCESSES = 100


@dataclass(frozen=True)
class SampleDataSummary:
    """Summary of the files written by ``write_sample_data``.

    Attributes:
        folder: Folder of the four sets.
        celeba: Number of photographs.
        cartoonset: Number of cartoons.
        wider_train: Number of training scenes.
        wider_val: Number of validation scenes.
        lfw_net: Number of LFW+Net pictures, a quarter of them in the test split.
    """

    folder: Path
    celeba: int
    cartoonset: int
    wider_train: int
    wider_val: int
    lfw_net: int


@dataclass(frozen=True)
class _Job:
    which: int  # index in `_all_sets`, since a set's functions cannot be pickled
    index: int
    seed: int
    folder: Path


def write_sample_data(out: Path, count: int = 500, seed: int = 0, progress: bool = True) -> SampleDataSummary:
    """Write small synthetic versions of CelebA, CartoonSet, WIDER FACE and LFW+Net in their published formats.

    The same count and seed always give the same bytes. The files are moved to ``out`` once all are complete. If the
    same sample data exists already, nothing is done.

    Args:
        out: Folder to write ``celeba``, ``cartoonset10k``, ``wider_face`` and ``lfw_net`` into.
        count: Number of photographs and of cartoons, at least 10; the sizes of the other sets follow from it.
        seed: Random seed, not negative.
        progress: Whether to show a progress bar.

    Returns:
        Folder and number of pictures of every set.

    Raises:
        ValueError: If count or seed is too small.
        FileExistsError: If one of the four folders exists and is not the same sample data.
    """
    return _write(Path(out), count, seed, progress, _processes_for(count))


def write_big_ears(out: Path, count: int = 500, seed: int = 0, progress: bool = True) -> int:
    """Write cartoons of a second style in the layout of CartoonSet (``--data.cartoons cartoonset10k,big_ears``).

    Their landmarks are in a ``faces.csv`` in the same folder. Writes atomically and skips existing files, as
    ``write_sample_data`` does.

    Args:
        out: Folder to write ``big_ears`` into; may contain other data.
        count: Number of cartoons, at least 10.
        seed: Random seed, not negative.
        progress: Whether to show a progress bar.

    Returns:
        The number of cartoons.

    Raises:
        ValueError: If count or seed is too small.
        FileExistsError: If the folder exists and is not the same cartoons.
    """
    manifest = {"generator": GENERATOR_VERSION, "count": count, "seed": seed}
    _write_sets(Path(out), [BIG_EARS], BIG_EARS_MANIFEST, manifest, progress, _processes_for(count))
    return count


def _write(out: Path, count: int, seed: int, progress: bool, processes: int) -> SampleDataSummary:
    summary = SampleDataSummary(out, *(item.amount(count) for item in SETS))
    files = {name: value for name, value in asdict(summary).items() if name != "folder"}
    manifest = {"generator": GENERATOR_VERSION, "count": count, "seed": seed, "pictures": files}
    _write_sets(out, SETS, MANIFEST, manifest, progress, processes)
    return summary


def _write_sets(
    out: Path,
    sets: Sequence[PublishedSet],
    manifest_name: str,
    manifest: Mapping[str, object],
    progress: bool,
    processes: int,
) -> None:
    count, seed = manifest["count"], manifest["seed"]
    assert isinstance(count, int)
    assert isinstance(seed, int)
    if count < _SMALLEST_COUNT:
        raise ValueError(f"count must be at least {_SMALLEST_COUNT}, so that no split is empty; it is {count}")
    if seed < 0:
        raise ValueError(f"seed must not be negative; it is {seed}")
    folders = list(dict.fromkeys(item.folder for item in sets))
    if _is_complete(out, folders, manifest_name, manifest):
        return
    _refuse_to_overwrite(out, folders)
    out.parent.mkdir(parents=True, exist_ok=True)
    drawn = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _draw_all(drawn, sets, count, seed, progress, processes)
        (drawn / manifest_name).write_text(json.dumps(dict(manifest), indent=2) + "\n")
        out.mkdir(exist_ok=True)
        for name in (*folders, manifest_name):
            (drawn / name).replace(out / name)
    finally:
        shutil.rmtree(drawn, ignore_errors=True)


def _processes_for(count: int) -> int:
    return 1 if count < _FIRST_COUNT_FOR_PROCESSES else min(os.cpu_count() or 1, 8)


def _is_complete(out: Path, folders: Sequence[str], manifest_name: str, manifest: Mapping[str, object]) -> bool:
    try:
        found = json.loads((out / manifest_name).read_text())
    except (OSError, ValueError):
        return False
    return bool(found == manifest) and all((out / name).is_dir() for name in folders)


def _refuse_to_overwrite(out: Path, folders: Sequence[str]) -> None:
    for name in folders:
        if (out / name).exists():
            raise FileExistsError(
                f"{out / name} already exists and is not the sample data of this count, seed and version: "
                "delete or move it, or choose another folder"
            )


def _draw_all(
    folder: Path, sets: Sequence[PublishedSet], count: int, seed: int, progress: bool, processes: int
) -> None:
    places = {item: which for which, item in enumerate(_all_sets())}
    jobs = [
        _Job(places[item], index, seed, folder / item.folder) for item in sets for index in range(item.amount(count))
    ]
    for item in sets:
        (folder / item.folder).mkdir(exist_ok=True)
    rows: dict[int, list[Row]] = {places[item]: [] for item in sets}
    with tqdm(total=len(jobs), desc="sample data", unit="picture", disable=None if progress else True) as bar:
        for job, row in zip(jobs, _results(jobs, processes), strict=True):
            rows[job.which].append(row)
            bar.update()
    for item in sets:
        item.finish(folder / item.folder, rows[places[item]])


def _results(jobs: list[_Job], processes: int) -> Iterator[Row]:
    if processes == 1:
        yield from map(_run, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(_run, jobs, chunksize=4)


def _run(job: _Job) -> Row:
    return _all_sets()[job.which].draw(job.folder, job.seed, job.index)


def _all_sets() -> tuple[PublishedSet, ...]:
    return (*SETS, BIG_EARS)
