"""Downloads and installs a data set atomically."""

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
    """Download a data set below ``root``, in the layout that its ``Dataset`` reads.

    Downloads are kept in ``root/.downloads`` until the set is complete, so that an interrupted run resumes. The set is
    unpacked to a temporary folder and then renamed. Existing files are not changed; if a set's folder lacks some of the
    published files or folders, they are added.

    Args:
        source: The set.
        root: The data root; created if missing.
        archives: Files that the user downloaded, or folders that contain them. They are verified, and never changed.
        retry: Retry policy of the downloads.
        say: Prints a progress message.

    Returns:
        The set's folder.

    Raises:
        DataError: The set is unavailable. The message gives the reason, what to download manually from which page, and
            the command that continues from there.
    """
    given = assign(source, archives)
    folder = root / source.data_set.folder
    missing = _find_missing(source, folder, set(given))
    if not missing:
        say(f"{folder} is complete; nothing to do")
        return folder
    say(f"{source.page}\n{source.terms}")
    with _exclusive_downloads(root, source) as downloads:
        check_space(root, missing, given, downloads)
        found = collect(source, root, missing, given, downloads, retry or Retry(), say)
        _install(source, root, found, downloads)
        shutil.rmtree(downloads)
    say(f"{folder} is complete; `cartoongan data check --root {root} --set {source.data_set}` checks every file of it")
    return folder


def _find_missing(source: Source, folder: Path, given: set[str]) -> list[Archive]:
    """The archives to install; if all required ones are installed, only optional ones that the user provided."""
    missing = [archive for archive in source.archives if not _is_installed(archive, source, folder)]
    is_complete = all(archive.is_optional for archive in missing)
    return [archive for archive in missing if archive.file_name in given] if is_complete else missing


def _is_installed(archive: Archive, source: Source, folder: Path) -> bool:
    return all(_is_filled(_place(member, source, folder)) for member in archive.members)


def _is_filled(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _place(member: str, source: Source, folder: Path) -> Path:
    """The target path of a member; a member with the name of the set's folder is that folder."""
    return folder if member == source.data_set.folder else folder / member


@contextmanager
def _exclusive_downloads(root: Path, source: Source) -> Iterator[Path]:
    """The folder of a set's downloads, locked against other processes."""
    downloads = root / ".downloads" / source.data_set.name
    lock = downloads.with_suffix(".lock")
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0):
            yield downloads
            lock.unlink(missing_ok=True)
    except Timeout as error:
        raise DataError(f"another process is downloading {source.data_set} to {root}") from error
    except OSError as error:
        raise DataError(f"cannot write to {root}: {error}") from error
    with suppress(OSError):
        downloads.parent.rmdir()  # fails while another set is being downloaded


def _install(source: Source, root: Path, found: dict[Archive, Path], downloads: Path) -> None:
    """Unpack to a temporary folder, then rename it."""
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
                raise DataError(f"{error}. The download was deleted; run the command again to retry") from error
        _rename(staged, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(archive: Archive, path: Path, source: Source, staging: Path) -> None:
    """Move the members of an archive to their paths below ``staging``."""
    staged = staging / source.data_set.folder
    if archive.members == (archive.file_name,):
        shutil.copyfile(path, staged / archive.file_name)
        return
    unpacked = staging / "unpacked"
    extract(path, unpacked)
    home = _find_home(unpacked, archive.members)
    if home is None:
        raise BadArchiveError(
            f"{path} does not contain {', '.join(archive.members)}; is it the {archive.file_name} of {source.page}?"
        )
    for member in archive.members:
        place = _place(member, source, staged)
        if place == staged:
            staged.rmdir()
        (home / member).replace(place)
    shutil.rmtree(unpacked)


def _find_home(unpacked: Path, members: tuple[str, ...]) -> Path | None:
    """The folder that contains all members: the top level of the archive, or one of its folders."""
    candidates = [unpacked, *sorted(path for path in unpacked.iterdir() if path.is_dir())]
    return next((home for home in candidates if all(_is_filled(home / member) for member in members)), None)


def _rename(staged: Path, folder: Path) -> None:
    """Move a complete set to its folder, or only the members that an existing folder lacks."""
    if not _is_filled(folder):
        staged.replace(folder)
        return
    for member in sorted(staged.iterdir()):
        if not _is_filled(folder / member.name):
            member.replace(folder / member.name)
