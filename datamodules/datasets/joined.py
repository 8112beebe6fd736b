"""Several data sets merged into one domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.errors import DataError
from datamodules.samples import RawFace
from datamodules.source import FaceSource


class JoinedFaces:
    """The concatenated faces of several sources.

    Attributes:
        names: Names in the sources, prefixed with the source's name and a slash.
        labels: ``(N,)`` int64: a ``HairColour``, or ``NO_HAIR_COLOUR``.
        attributes: ``(N, A)`` int64: 1, 0 or ``UNKNOWN`` for each ``Attribute``.

    Args:
        sources: At least one source, by name; all faces have the same size.
    """

    def __init__(self, sources: Mapping[str, FaceSource]) -> None:
        self._sources = list(sources.values())
        self.names = [f"{called}/{name}" for called, source in sources.items() for name in source.names]
        self.labels: NDArray[np.int64] = np.concatenate([source.labels for source in self._sources])
        self.attributes: NDArray[np.int64] = np.concatenate([source.attributes for source in self._sources])
        self._ends = np.cumsum([len(source) for source in self._sources])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        index = range(len(self))[index]
        which = int(np.searchsorted(self._ends, index, side="right"))
        return self._sources[which][index - int(self._ends[which]) + len(self._sources[which])]

    def fingerprint(self) -> str:
        """Changes if any source changes."""
        return " ".join(source.fingerprint() for source in self._sources)


def join(sources: Mapping[str, FaceSource]) -> FaceSource:
    """Merge sources into one; a single source is returned unchanged, without prefixes."""
    return JoinedFaces(sources) if len(sources) > 1 else next(iter(sources.values()))


@dataclass(frozen=True)
class SetFolder:
    """A folder of faces.

    Attributes:
        called: Its name on the command line.
        path: Its path.
    """

    called: str
    path: Path


def set_folders(root: Path, names: str | Sequence[str], option: str) -> list[SetFolder]:
    """Resolve the folders of an option: each below the root, or else relative to the current folder.

    Args:
        root: Folder of the data sets.
        names: One name, a comma-separated string, or a list; an existing folder with a comma in its name is kept whole.
        option: Name of the option, for messages.

    Raises:
        DataError: There is no name, or a duplicate.
    """
    if isinstance(names, str):
        names = [names] if folder_of(root, names).is_dir() else names.split(",")
    called = [name.strip() for name in names]
    if not called or not all(called):
        raise DataError(f"{option} is '{','.join(called)}': name a folder, or several between commas")
    folders = [SetFolder(name, folder_of(root, name)) for name in called]
    paths = [folder.path.resolve() for folder in folders]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise DataError(f"{option} names {folders[number].path} twice")
    return folders


def likely_name(name: str, beside: Path, known: Iterable[str] = ()) -> str | None:
    """Suggest a correction for a missing folder's name: a similar existing folder or known name.

    Args:
        name: The name.
        beside: The folder that should contain it; may be missing.
        known: Other valid names.
    """
    there = [path.name for path in beside.iterdir() if path.is_dir()] if beside.is_dir() else []
    return next(iter(get_close_matches(name, {*known, *there}, n=1)), None)


def folder_of(root: Path, name: str) -> Path:
    """The folder of a set: below the root, or else relative to the current folder."""
    below, here = root / name, Path(name).expanduser().absolute()
    return here if here.is_dir() and not below.is_dir() else below
