"""Getting a whole data set: finished or absent, never half."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from datamodules.download.collect import assign, check_space, collect
from datamodules.download.extract import BadArchiveError, extract
from datamodules.download.fetch import Retry
from datamodules.download.sources import Archive, Source
from datamodules.errors import DataError


def get(
    source: Source,
    root: Path,
    archives: Sequence[Path] = (),
    *,
    retry: Retry | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Bring a data set to ``root`` in the layout that its ``Dataset`` reads.

    Downloads are kept in ``root/.downloads`` until the set is finished, so that a stopped run goes on where it was. The
    set is unpacked beside its place and then renamed into it, so that it is there whole or not at all. What is there
    already is left alone; to a folder that lacks some of the published files or folders, those are added.

    Args:
        source: The set.
        root: The data root; made where it is missing.
        archives: Files got by hand, or folders that hold them. They are verified, and never changed or deleted.
        retry: When a download gives up.
        say: Prints a line for the person who waits.

    Returns:
        The set's folder.

    Raises:
        DataError: The set cannot be had. The message says why, what to do by hand on which page, and the command that
            goes on from there.
    """
    given = assign(source, archives)
    folder = root / source.data_set.folder
    wanted = _find_wanted(source, folder, set(given))
    if not wanted:
        say(f"{folder} is complete; nothing to do")
        return folder
    say(f"{source.page}\n{source.terms}")
    with _sole_user(root, source) as downloads:
        check_space(root, wanted, given, downloads)
        found = collect(source, root, wanted, given, downloads, retry or Retry(), say)
        _install(source, root, found, downloads)
        shutil.rmtree(downloads)
    say(
        f"{folder} is complete; `cartoongan data check --root {root} --set {source.data_set}` looks at every file of it"
    )
    return folder


def _find_wanted(source: Source, folder: Path, given: set[str]) -> list[Archive]:
    """The archives that are still to be installed; of a complete set, those of the optional ones that are given."""
    missing = [archive for archive in source.archives if not _is_installed(archive, source, folder)]
    is_complete = all(archive.is_optional for archive in missing)
    return [archive for archive in missing if archive.file_name in given] if is_complete else missing


def _is_installed(archive: Archive, source: Source, folder: Path) -> bool:
    return all(_is_filled(_place(member, source, folder)) for member in archive.members)


def _is_filled(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _place(member: str, source: Source, folder: Path) -> Path:
    """Where a member belongs; a member named like the set's folder is that folder."""
    return folder if member == source.data_set.folder else folder / member


@contextmanager
def _sole_user(root: Path, source: Source) -> Iterator[Path]:
    """The folder of a set's downloads, while no other process gets the same set into the same root."""
    downloads = root / ".downloads" / source.data_set.name
    lock = downloads.with_suffix(".lock")
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0):
            yield downloads
            lock.unlink(missing_ok=True)
    except Timeout as error:
        raise DataError(f"another process is getting {source.data_set} into {root}") from error
    except OSError as error:
        raise DataError(f"cannot write to {root}: {error}") from error
    with suppress(OSError):
        downloads.parent.rmdir()  # unless another set is on its way


def _install(source: Source, root: Path, found: dict[Archive, Path], downloads: Path) -> None:
    """Unpack beside the set's place, then rename into it."""
    folder = root / source.data_set.folder
    staging = root / f".{source.data_set.folder}.unpacking"
    shutil.rmtree(staging, ignore_errors=True)
    staged = staging / source.data_set.folder
    try:
        staged.mkdir(parents=True)
        for archive, path in found.items():
            try:
                _stage(archive, path, source, staging)
            except BadArchiveError as error:
                if path.parent != downloads:
                    raise
                path.unlink()
                raise DataError(f"{error}. The download is deleted; running it again fetches a new one") from error
        _rename(staged, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(archive: Archive, path: Path, source: Source, staging: Path) -> None:
    """Bring the members of one archive to where they belong below ``staging``."""
    staged = staging / source.data_set.folder
    if archive.members == (archive.file_name,):
        shutil.copyfile(path, staged / archive.file_name)
        return
    unpacked = staging / "unpacked"
    extract(path, unpacked)
    home = _find_home(unpacked, archive.members)
    if home is None:
        raise BadArchiveError(
            f"{path} does not hold {', '.join(archive.members)}; is it the {archive.file_name} of {source.page}?"
        )
    for member in archive.members:
        place = _place(member, source, staged)
        if place == staged:
            staged.rmdir()
        (home / member).replace(place)
    shutil.rmtree(unpacked)


def _find_home(unpacked: Path, members: tuple[str, ...]) -> Path | None:
    """The folder that holds all members: the top of the archive, or one of the folders there."""
    candidates = [unpacked, *sorted(path for path in unpacked.iterdir() if path.is_dir())]
    return next((home for home in candidates if all(_is_filled(home / member) for member in members)), None)


def _rename(staged: Path, folder: Path) -> None:
    """Put a whole set in its place, or the members that its folder lacks."""
    if not _is_filled(folder):
        staged.replace(folder)
        return
    for member in sorted(staged.iterdir()):
        if not _is_filled(folder / member.name):
            member.replace(folder / member.name)
