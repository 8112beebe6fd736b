"""Collects the verified archives of a set, downloaded here or by the user, or explains how to get them."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from datamodules.download.fetch import Retry, fetch
from datamodules.download.sources import Archive, Source
from datamodules.download.verify import looks_like_html, verify
from datamodules.errors import DataError


def assign(source: Source, paths: Sequence[Path]) -> dict[str, Path]:
    """Match files that the user downloaded with the set's archives.

    A file is recognised by its published name, with or without the `` (1)`` that browsers append. If the set has a
    single archive, any name will do.

    Args:
        source: The set.
        paths: Files, or folders that contain them.

    Returns:
        Published name -> file.

    Raises:
        DataError: A path is missing, or does not belong to the set.
    """
    given: dict[str, Path] = {}
    expected = {archive.file_name for archive in source.archives}
    for path in paths:
        name = _published_name(path)
        if path.is_dir():
            here = {_published_name(file): file for file in sorted(path.iterdir()) if file.is_file()}
            if not expected & here.keys():
                raise DataError(f"{path} contains none of {', '.join(sorted(expected))}")
            given |= {name: file for name, file in here.items() if name in expected}
        elif not path.is_file():
            raise DataError(f"no such file: {path}")
        elif name in expected or len(expected) == 1:
            given[name if name in expected else source.archives[0].file_name] = path
        else:
            raise DataError(f"{path} is not one of the files of {source.data_set}: {', '.join(sorted(expected))}")
    return given


def check_space(root: Path, missing: Sequence[Archive], given: dict[str, Path], downloads: Path) -> None:
    """Check that the disk has space for the remaining downloads and the unpacked files.

    Raises:
        DataError: There is not enough space.
    """
    needed = sum(archive.space for archive in missing)
    for archive in missing:
        if archive.file_name not in given:
            kept = (downloads / archive.file_name, downloads / f"{archive.file_name}.part")
            downloaded = sum(path.stat().st_size for path in kept if path.exists())
            needed += max(0, (archive.size or archive.rough_size) - downloaded)
    free = shutil.disk_usage(root).free
    if needed > free:
        raise DataError(f"{root} has {free / 1e9:,.1f} GB free, but about {needed / 1e9:,.1f} GB are needed")


def collect(
    source: Source,
    root: Path,
    missing: Sequence[Archive],
    given: dict[str, Path],
    downloads: Path,
    retry: Retry,
    say: Callable[[str], None],
) -> dict[Archive, Path]:
    """Verify the user's files and download the rest; an optional archive that is unavailable is skipped.

    Raises:
        DataError: An archive is unavailable. The message gives the reason for each, and how to download it manually.
    """
    found: dict[Archive, Path] = {}
    failures: dict[Archive, str] = {}
    for archive in sorted(missing, key=lambda archive: archive.is_optional):
        if failures and archive.is_optional:
            break
        try:
            found[archive] = _obtain(archive, given.get(archive.file_name), downloads, retry)
        except DataError as error:
            if archive.is_optional and archive.file_name not in given:
                say(f"skipped, since it is optional: {archive.file_name} ({error})")
            else:
                failures[archive] = str(error)
    if failures:
        raise DataError(_explain(source, root, failures, [path for path in found.values() if path.parent != downloads]))
    return found


def _published_name(path: Path) -> str:
    return re.sub(r" ?\(\d+\)(?=\.[^.]*$)", "", path.name)


def _obtain(archive: Archive, given: Path | None, downloads: Path, retry: Retry) -> Path:
    """Return the verified file of an archive, downloading it if necessary."""
    if given is not None:
        _verify_given(archive, given)
        return given
    target = downloads / archive.file_name
    if not target.exists():
        if archive.url is None:
            raise DataError("it can only be downloaded in a browser")
        fetch(archive, target, retry)
    return target


def _verify_given(archive: Archive, given: Path) -> None:
    with given.open("rb") as file:
        if looks_like_html(file.read(512)):
            raise DataError(f"{given} is a web page that was saved under the file's name")
    verify(given, archive.size, archive.checksum)


def _explain(source: Source, root: Path, failures: dict[Archive, str], given: Sequence[Path]) -> str:
    """The error message: the failures, and how to continue manually."""
    files = [*(archive.file_name for archive in failures), *map(str, given)]
    command = ["cartoongan", "data", "get", source.data_set.name, "--root", str(root)]
    command += [word for file in files for word in ("--from", file)]
    return "\n".join(
        [
            f"{source.data_set} is incomplete, and nothing was unpacked:",
            *(f"  {archive.file_name}: {reason}" for archive, reason in failures.items()),
            "Run the same command to try again; finished downloads are kept. To download the files manually:",
            f"  1. Open {source.page}",
            f"  2. {source.manual}",
            f"  3. {shlex.join(command)}",
            "     (with the paths where you saved them)",
        ]
    )
