"""Check of all data sets below a data root."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datamodules.check.report import CheckReport, SetReport
from datamodules.check.shards import check_shards
from datamodules.datasets.registry import DataSet, data_sets
from datamodules.datasets.shards import is_sharded
from datamodules.errors import DataError


def check(root: Path, sets: Sequence[DataSet] | None = None, *, progress: bool = False) -> CheckReport:
    """Check every file and every annotation line of the data sets below a data root.

    Errors are faults that would break training: an image that cannot be decoded, a listed file that is missing, a
    malformed line, a wrong row count, a box without area or outside its image, a landmark far outside. Notes are
    information: fewer images than published, unlisted images, a missing set, and oddities of the official files, which
    are WIDER FACE's boxes of zero size, CelebA's boxes of all zeros, and boxes slightly outside their image
    (``geometry.find_box_fault``).

    Args:
        root: Folder of the data sets, which contains e.g. ``celeba/``.
        sets: The sets to check, which must exist; by default all sets, any of which may be missing.
        progress: Show progress bars if there is a terminal.

    Returns:
        Counts compared with the published ones, and all findings; the check does not stop at the first fault.

    Raises:
        DataError: The root does not exist.
    """
    if not root.is_dir():
        raise DataError(
            f"no such folder: {root}; give the folder of the data sets with --root DIR, "
            "or make sample data with `cartoongan sample-data --out DIR`"
        )
    required = sets is not None
    return CheckReport(root, tuple(_check_set(root, each, required, progress) for each in sets or data_sets()))


def _check_set(root: Path, data_set: DataSet, required: bool, progress: bool) -> SetReport:
    folder = root / data_set.folder
    report = SetReport(data_set, folder, present=folder.is_dir())
    if report.present:
        (check_shards if is_sharded(folder) else data_set.run_check)(report, progress)
    else:
        add = report.error if required else report.note
        hint = f"; `cartoongan data get {data_set} --root {root}` downloads it" if data_set.source else ""
        add(folder, f"the data set is missing{hint}")
    return report
