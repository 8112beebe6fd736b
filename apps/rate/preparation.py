"""Prepares the file of ratings: creates a new one, or checks an existing one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from apps.rate.database import create
from apps.rate.gallery import Variant, describe, draw_gallery
from apps.rate.store import Store
from apps.trained_run import Checkpoint, common_photos, evenly, open_runs
from datamodules.errors import DataError

PHOTOS = 20
"""Default number of rated photos."""

_ADVICE = "omit --runs and --photos to continue with it, or choose another --out"


def prepare(
    out: Path,
    runs: Sequence[Path],
    photos: int | None,
    root: Path | None = None,
    checkpoint: Checkpoint = Checkpoint.BEST,
) -> None:
    """Create the file of ratings, or check that the existing one has the same runs and photos.

    Args:
        out: The file.
        runs: Run folders and folders of runs; may be empty if the file exists.
        photos: Number of photos; None for the file's, or ``PHOTOS``.
        root: Folder of the data sets; None for that of the training.
        checkpoint: Checkpoint of each run.

    Raises:
        DataError: The file has other runs or photos, or a run cannot be used.
    """
    if not runs:
        if not out.exists():
            raise DataError(f"{out} does not exist; give the runs for a new file: --runs RUN")
        _check_photos(out, None, photos)
        return
    opened = open_runs(runs, checkpoint, root, "--runs")
    names = common_photos(opened)
    if out.exists():
        _check_runs(out, describe(opened))
        _check_photos(out, names, photos)
    else:
        create(out, draw_gallery(opened, evenly(names, photos or PHOTOS)))


def _check_runs(out: Path, requested: Sequence[Variant]) -> None:
    with Store(out) as store:
        stored = {variant.title: variant.digest for variant in store.variants}
    if stored.keys() != {variant.title for variant in requested}:
        raise DataError(f"{out} has the cartoons of {', '.join(stored)}; {_ADVICE}")
    for variant in requested:
        if stored[variant.title] != variant.digest:
            raise DataError(f"{out} has cartoons from an earlier state of {variant.checkpoint}; {_ADVICE}")


def _check_photos(out: Path, names: Sequence[str] | None, count: int | None) -> None:
    """Check the number of photos in the file, and if ``names`` are given, that the same photos would be chosen."""
    with Store(out) as store:
        stored = store.photo_names
    requested = len(stored) if count is None else count
    is_same = requested == len(stored) if names is None else evenly(names, requested) == stored
    if not is_same:
        raise DataError(f"{out} has {len(stored)} photos, not the requested ones; {_ADVICE}")
