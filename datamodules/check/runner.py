"""The check of a whole data root."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from datamodules.check.cartoonset import check_cartoonset
from datamodules.check.celeba import check_celeba
from datamodules.check.celebamask_hq import check_celebamask_hq
from datamodules.check.lfw_net import check_lfw_net
from datamodules.check.report import CheckReport, SetReport
from datamodules.check.shards import check_shards
from datamodules.check.wider_face import check_wider_face
from datamodules.datasets.set_name import SetName
from datamodules.datasets.shards import is_sharded
from datamodules.errors import DataError

_CHECKS: dict[SetName, Callable[[SetReport, bool], None]] = {
    SetName.CELEBA: check_celeba,
    SetName.CELEBAMASKHQ: check_celebamask_hq,
    SetName.CARTOONSET10K: check_cartoonset,
    SetName.CARTOONSET100K: check_cartoonset,
    SetName.WIDER: check_wider_face,
    SetName.LFWNET: check_lfw_net,
}


def check(root: Path, sets: Sequence[SetName] | None = None, *, progress: bool = False) -> CheckReport:
    """Look at every file and every line of the data sets below a data root.

    An error is what training would trip over: an image that cannot be decoded, a file that a list names and that is not
    there, a line that cannot be read, a number of rows that is not the stated one, a box without area or outside its
    image, a landmark far outside. A note is what is worth knowing: fewer images than published, images that no list
    names, a set that is not there, and what the official files themselves contain, which are WIDER FACE's boxes of zero
    size, CelebA's rows of zeros for a box, and boxes that leave their image a little (``geometry.find_box_fault``).

    Args:
        root: Folder that holds ``celeba/``, ``celebamask_hq/``, ``cartoonset10k/``, ``cartoonset100k/``,
            ``wider_face/``, ``lfw_net/``.
        sets: The sets to look at, which then must be there; by default all of them, of which any may be missing.
        progress: Show bars, where there is a terminal to show them on.

    Returns:
        Counts beside the published ones, and everything that was found; the check never stops at the first fault.

    Raises:
        DataError: The root is not there.
    """
    if not root.is_dir():
        raise DataError(f"no such folder: {root}")
    must_be_there = sets is not None
    return CheckReport(root, tuple(_check_set(root, name, must_be_there, progress) for name in sets or SetName))


def _check_set(root: Path, name: SetName, must_be_there: bool, progress: bool) -> SetReport:
    folder = root / name.folder
    report = SetReport(name, folder, present=folder.is_dir())
    if report.present:
        (check_shards if is_sharded(folder) else _CHECKS[name])(report, progress)
    else:
        tell = report.error if must_be_there else report.note
        tell(folder, f"the set is not there; `cartoongan data get {name} --root {root}` gets it")
    return report
