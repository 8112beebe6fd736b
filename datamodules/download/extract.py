"""Unpacking archives that may be hostile."""

from __future__ import annotations

import gzip
import re
import shutil
import stat
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from tqdm import tqdm

from datamodules.download.verify import looks_like_html
from datamodules.errors import DataError

_CHUNK = 1 << 20
_SMALL = 64 << 20


@dataclass(frozen=True)
class Limits:
    """What no honest archive of these data sets exceeds.

    Attributes:
        total: Bytes of all members together.
        ratio: Those bytes as a multiple of the archive's; archives of images hardly shrink. It is asked of contents of
            more than 64 MiB only, since a few lists of numbers may well shrink a lot.
        members: Files and folders.
    """

    total: int = 32 << 30
    ratio: float = 20.0
    members: int = 1_000_000


def extract(archive: Path, target: Path, limits: Limits | None = None) -> None:
    """Unpack a zip, tar or tar.gz into a new folder, or leave no trace of it.

    Only plain files and folders are made, from member names that are read as relative paths below ``target``; modes,
    owners and times in the archive are ignored. Absolute names, names with ``..``, links of any kind, devices,
    encrypted members, a name that occurs twice and contents beyond ``limits`` are refused, whatever sizes the archive
    claims.

    Args:
        archive: The file; its format is told from its first bytes.
        target: Folder to make.
        limits: Against archives that unfold into more than a disk can hold.

    Raises:
        BadArchiveError: The archive is refused, damaged, cut off or of another format; the folder is removed.
        DataError: The folder is there already and is left alone, or the disk is full or not writable.
    """
    if target.exists():
        raise DataError(f"{target} is there already")
    writer = _Writer(target, archive, limits or Limits())
    try:
        target.mkdir(parents=True)
        _detect(archive)(archive, writer)
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, DataError) or not isinstance(error, Exception):
            raise
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile | FileExistsError):
            raise DataError(f"cannot unpack {archive}: {error}") from error
        raise BadArchiveError(f"cannot unpack {archive}: it is damaged or cut off ({error})") from error


class BadArchiveError(DataError):
    """The archive itself is at fault, so that another copy of it is needed."""


class _Unpack(Protocol):
    def __call__(self, archive: Path, writer: _Writer, /) -> None: ...


@dataclass
class _Writer:
    """Writes members below the target and keeps count of them."""

    target: Path
    archive: Path
    limits: Limits
    total: int = 0
    members: int = 0
    allowed: int = field(init=False)

    def __post_init__(self) -> None:
        by_ratio = max(_SMALL, int(self.limits.ratio * self.archive.stat().st_size))
        self.allowed = min(self.limits.total, by_ratio)

    def refuse(self, reason: str) -> BadArchiveError:
        """The error of an archive that must not be unpacked."""
        return BadArchiveError(f"{self.archive} is refused: {reason}. Nothing of it was kept")

    def count_bytes(self, count: int) -> None:
        """Take note of bytes that were or will be written."""
        self.total += count
        if self.total > self.allowed:
            raise self.refuse(f"it unfolds into more than {self.allowed:,} bytes, as no archive of these sets does")

    def add_folder(self, name: str) -> None:
        """Make the folder of a member."""
        path = self._claim(name)
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)

    def add_file(self, name: str, stream: IO[bytes]) -> None:
        """Write the file of a member."""
        path = self._claim(name)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            while chunk := stream.read(_CHUNK):
                self.count_bytes(len(chunk))
                file.write(chunk)

    def _claim(self, name: str) -> Path | None:
        """The path of a member; None for the target itself and for what macOS adds to archives."""
        self.members += 1
        if self.members > self.limits.members:
            raise self.refuse(f"it has more than {self.limits.members:,} members")
        slashed = name.replace("\\", "/")
        parts = [part for part in slashed.split("/") if part not in ("", ".")]
        if slashed.startswith("/") or re.match("[A-Za-z]:", slashed) or ".." in parts or "\0" in name:
            raise self.refuse(f"its member {name!r} would lie outside the target")
        is_clutter = not parts or parts[0] == "__MACOSX" or parts[-1].startswith("._")
        return None if is_clutter else self.target.joinpath(*parts)


def _detect(archive: Path) -> _Unpack:
    """How to unpack a file that begins like this one."""
    with archive.open("rb") as file:
        start = file.read(512)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _unpack_zip
    if start.startswith(b"\x1f\x8b"):
        return _unpack_tar_gz
    if start[257:262] == b"ustar":
        return _unpack_tar
    if looks_like_html(start):
        raise BadArchiveError(f"{archive} is a web page that was saved under the archive's name")
    raise BadArchiveError(f"{archive} is neither a zip nor a tar archive")


def _unpack_zip(archive: Path, writer: _Writer) -> None:
    with zipfile.ZipFile(archive) as source:
        members = source.infolist()
        free = shutil.disk_usage(writer.target).free
        claimed = sum(member.file_size for member in members)
        if claimed > writer.allowed or len(members) > writer.limits.members:
            raise writer.refuse(f"it claims {len(members):,} members of {claimed:,} bytes")
        if claimed > free:
            raise DataError(f"{archive} holds {claimed:,} bytes, but {writer.target.parent} has {free:,} free")
        for member in tqdm(members, desc=f"unpacking {archive.name}", unit="file", disable=None):
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise writer.refuse(f"its member {member.filename!r} is a link or a device")
            if member.is_dir():
                writer.add_folder(member.filename)
            else:
                with source.open(member) as stream:
                    writer.add_file(member.filename, stream)


def _unpack_tar_gz(archive: Path, writer: _Writer) -> None:
    with gzip.open(archive) as stream:
        _unpack_tar_stream(archive, stream, writer)
        while chunk := stream.read(_CHUNK):  # the padding; gzip compares its checksum at the very end
            writer.count_bytes(len(chunk))


def _unpack_tar(archive: Path, writer: _Writer) -> None:
    with archive.open("rb") as stream:
        _unpack_tar_stream(archive, stream, writer)


def _unpack_tar_stream(archive: Path, stream: IO[bytes] | gzip.GzipFile, writer: _Writer) -> None:
    with tarfile.open(fileobj=stream, mode="r|", errorlevel=2) as source:
        for member in tqdm(source, desc=f"unpacking {archive.name}", unit="file", disable=None):
            if member.isdir():
                writer.add_folder(member.name)
                continue
            content = source.extractfile(member) if member.isreg() else None
            if content is None:
                raise writer.refuse(f"its member {member.name!r} is a link or a device")
            with content:
                writer.add_file(member.name, content)
