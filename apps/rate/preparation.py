"""Prepares the file of ratings: a new one, or one that continues."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from apps.rate.database import create
from apps.rate.gallery import Variant, describe, draw_gallery
from apps.rate.store import Store
from apps.trained_run import Checkpoint, common_photos, evenly, open_runs
from datamodules.errors import DataError

PHOTOS = 20
"""Photos whose cartoons are rated, unless told otherwise."""

_WAYS_OUT = "leave --runs and --photos away to go on with what it holds, or name another --out"


def prepare(
    out: Path,
    runs: Sequence[Path],
    photos: int | None,
    root: Path | None = None,
    checkpoint: Checkpoint = Checkpoint.BEST,
) -> None:
    """Make the file of ratings, or check that the existing one holds the same runs and photos.

    Args:
        out: The file.
        runs: Homes of runs and folders of them; none only where the file exists.
        photos: Number of photos; None is the file's, or ``PHOTOS``.
        root: Folder of the data sets; None for that of the training.
        checkpoint: Which of each run.

    Raises:
        DataError: It holds other runs or photos, or a run cannot be used.
    """
    if not runs:
        if not out.exists():
            raise DataError(f"{out} is not there to go on with; name the runs for a new one: --runs RUN")
        _check_photos(out, None, photos)
        return
    opened = open_runs(runs, checkpoint, root, "--runs")
    names = common_photos(opened)
    if out.exists():
        _check_runs(out, describe(opened))
        _check_photos(out, names, photos)
    else:
        create(out, draw_gallery(opened, evenly(names, photos or PHOTOS)))


def _check_runs(out: Path, asked: Sequence[Variant]) -> None:
    with Store(out) as store:
        held = {variant.title: variant.digest for variant in store.variants}
    if held.keys() != {variant.title for variant in asked}:
        raise DataError(f"{out} holds the cartoons of {', '.join(held)}; {_WAYS_OUT}")
    for variant in asked:
        if held[variant.title] != variant.digest:
            raise DataError(f"{out} holds cartoons from an earlier state of {variant.checkpoint}; {_WAYS_OUT}")


def _check_photos(out: Path, names: Sequence[str] | None, count: int | None) -> None:
    """See that the file holds so many photos, and those that would be chosen from these names where they are known."""
    with Store(out) as store:
        held = store.photo_names
    wanted = len(held) if count is None else count
    is_held = wanted == len(held) if names is None else evenly(names, wanted) == held
    if not is_held:
        raise DataError(f"{out} holds {len(held)} photos, not those asked for; {_WAYS_OUT}")
