"""The check of a whole data root."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datamodules.check.report import CheckReport, SetReport
from datamodules.check.shards import check_shards
from datamodules.datasets.registry import DataSet, data_sets
from datamodules.datasets.shards import is_sharded
from datamodules.errors import DataError


def check(root: Path, sets: Sequence[DataSet] | None = None, *, progress: bool = False) -> CheckReport:
    """Look at every file and every line of the data sets below a data root.

    An error is what training would trip over: an image that cannot be decoded, a file that a list names and that is not
    there, a line that cannot be read, a number of rows that is not the stated one, a box without area or outside its
    image, a landmark far outside. A note is what is worth knowing: fewer images than published, images that no list
    names, a set that is not there, and what the official files themselves contain, which are WIDER FACE's boxes of zero
    size, CelebA's rows of zeros for a box, and boxes that leave their image a little (``geometry.find_box_fault``).

    Args:
        root: Folder that holds the sets' folders, as ``celeba/``.
        sets: The sets to look at, which then must be there; by default all of them, of which any may be missing.
        progress: Show bars, where there is a terminal to show them on.

    Returns:
        Counts beside the published ones, and everything that was found; the check never stops at the first fault.

    Raises:
        DataError: The root is not there.
    """
    if not root.is_dir():
        raise DataError(
            f"no such folder: {root}; give the folder of the data sets with --root DIR, "
            "or make sample data with `cartoongan sample-data --out DIR`"
        )
    must_be_there = sets is not None
    return CheckReport(root, tuple(_check_set(root, each, must_be_there, progress) for each in sets or data_sets()))


def _check_set(root: Path, data_set: DataSet, must_be_there: bool, progress: bool) -> SetReport:
    folder = root / data_set.folder
    report = SetReport(data_set, folder, present=folder.is_dir())
    if report.present:
        (check_shards if is_sharded(folder) else data_set.run_check)(report, progress)
    else:
        tell = report.error if must_be_there else report.note
        gets = f"; `cartoongan data get {data_set} --root {root}` gets it" if data_set.source else ""
        tell(folder, f"the set is not there{gets}")
    return report
