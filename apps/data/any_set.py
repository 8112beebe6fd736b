"""A data set by its name, or any folder of images by its path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

from datamodules.datasets.joined import folder_of, likely_name
from datamodules.datasets.registry import FOLDERS, DataSet, data_sets, find_set, recognize
from datamodules.errors import DataError
from datamodules.samples import Domain

DOMAINS: tuple[Domain, ...] = get_args(Domain)


def set_or_folder(text: str, root: Path, domain: Domain = "photo") -> DataSet:
    """A registered set, or a folder of images below the root or elsewhere.

    Args:
        text: Name or folder of a set, or a path.
        root: Folder of the data sets.
        domain: Domain of a folder without a known layout.

    Raises:
        DataError: It is neither; the message suggests a name.
    """
    known = {name for each in data_sets() for name in (each.name, each.folder)}
    if text in known:
        return find_set(text)
    folder = folder_of(root, text)
    if not folder.is_dir():
        meant = likely_name(text, root, known)
        hint = f" Did you mean {meant}?" if meant else ""
        names = ", ".join(map(str, data_sets()))
        raise DataError(f"'{text}' is neither a data set nor a folder; the sets are {names}.{hint}")
    for each in DOMAINS:
        found = recognize(folder, each)
        if found not in FOLDERS.values():
            return replace(found, name=text, folder=str(folder.absolute()))
    check = "datamodules.check.folder:check_folder"
    return replace(FOLDERS[domain], name=text, folder=str(folder.absolute()), check=check)
