"""Safe unpacking of untrusted archives."""

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
    """Limits against decompression bombs, above any genuine archive of these data sets.

    Attributes:
        total: Maximum bytes of all members together.
        ratio: Maximum compression ratio; images hardly compress. It applies only to contents of more than 64 MiB, since
            small text files may compress well.
        members: Maximum number of files and folders.
    """

    total: int = 32 << 30
    ratio: float = 20.0
    members: int = 1_000_000


def extract(archive: Path, target: Path, limits: Limits | None = None) -> None:
    """Unpack a zip, tar or tar.gz into a new folder, atomically.

    Only regular files and folders are created, below ``target``; modes, owners and times in the archive are ignored.
    Absolute names, names with ``..``, links, devices, encrypted members, duplicate names and contents beyond ``limits``
    are rejected; sizes are counted while unpacking, so the archive's own claims are not trusted.

    Args:
        archive: The file; its format is detected from its first bytes.
        target: Folder to create.
        limits: Limits against decompression bombs.

    Raises:
        BadArchiveError: The archive is rejected, damaged, truncated or of another format; the folder is removed.
        DataError: The folder already exists (and is unchanged), or the disk is full or not writable.
    """
    if target.exists():
        raise DataError(f"{target} already exists")
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
        raise BadArchiveError(f"cannot unpack {archive}: it is damaged or truncated ({error})") from error


class BadArchiveError(DataError):
    """The archive itself is bad, so it has to be downloaded again."""


class _Unpack(Protocol):
    def __call__(self, archive: Path, writer: _Writer, /) -> None: ...


@dataclass
class _Writer:
    """Writes members below the target and enforces the limits."""

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
        """The error for an archive that must not be unpacked."""
        return BadArchiveError(f"{self.archive} is rejected: {reason}. Nothing was unpacked")

    def count_bytes(self, count: int) -> None:
        """Count bytes towards the limit.

        Raises:
            BadArchiveError: The limit is exceeded.
        """
        self.total += count
        if self.total > self.allowed:
            raise self.refuse(f"it unpacks to more than {self.allowed:,} bytes, the limit for these data sets")

    def add_folder(self, name: str) -> None:
        """Create the folder of a member."""
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
        """The path of a member; None for the target itself and for macOS metadata."""
        self.members += 1
        if self.members > self.limits.members:
            raise self.refuse(f"it has more than {self.limits.members:,} members")
        slashed = name.replace("\\", "/")
        parts = [part for part in slashed.split("/") if part not in ("", ".")]
        if slashed.startswith("/") or re.match("[A-Za-z]:", slashed) or ".." in parts or "\0" in name:
            raise self.refuse(f"its member {name!r} would be outside the target folder")
        is_clutter = not parts or parts[0] == "__MACOSX" or parts[-1].startswith("._")
        return None if is_clutter else self.target.joinpath(*parts)


def _detect(archive: Path) -> _Unpack:
    """The unpacker for the format of a file, detected from its first bytes."""
    with archive.open("rb") as file:
        start = file.read(512)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _unpack_zip
    if start.startswith(b"\x1f\x8b"):
        return _unpack_tar_gz
    if start[257:262] == b"ustar":
        return _unpack_tar
    if looks_like_html(start):
        raise BadArchiveError(f"{archive} is a web page saved under the archive's name")
    raise BadArchiveError(f"{archive} is neither a zip nor a tar archive")


def _unpack_zip(archive: Path, writer: _Writer) -> None:
    with zipfile.ZipFile(archive) as source:
        members = source.infolist()
        free = shutil.disk_usage(writer.target).free
        claimed = sum(member.file_size for member in members)
        if claimed > writer.allowed or len(members) > writer.limits.members:
            raise writer.refuse(f"it claims {len(members):,} members of {claimed:,} bytes")
        if claimed > free:
            raise DataError(f"{archive} contains {claimed:,} bytes, but {writer.target.parent} has {free:,} free")
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
        while chunk := stream.read(_CHUNK):  # the padding; gzip verifies its checksum at the end
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
