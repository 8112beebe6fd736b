"""Archives that try to leave their target, to fill the disk, or to pass for whole."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from datamodules.download.extract import BadArchiveError, Limits, extract
from datamodules.errors import DataError

FILES = {"set/a.txt": b"a" * 1000, "set/deep/b.bin": bytes(range(256)) * 40, "c.txt": b""}


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_tgz(path: Path, files: dict[str, bytes]) -> Path:
    path.write_bytes(gzip.compress(write_tar(path, files).read_bytes()))
    return path


Write = Callable[[Path, dict[str, bytes]], Path]
FORMATS = pytest.mark.parametrize("write", [write_zip, write_tar, write_tgz])


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refuse(archive: Path, message: str, limits: Limits | None = None) -> None:
    """Unpack, and check that the archive is rejected and nothing else is left."""
    before = everything_in(archive.parent)
    with pytest.raises(BadArchiveError, match=message):
        extract(archive, archive.parent / "inner" / "target", limits)
    assert everything_in(archive.parent) == before
    assert not (archive.parent / "inner" / "target").exists()


@FORMATS
def test_an_honest_archive_is_unpacked(tmp_path: Path, write: Write) -> None:
    extract(write(tmp_path / "archive", FILES), tmp_path / "target")
    assert everything_in(tmp_path / "target") == FILES


@FORMATS
@pytest.mark.parametrize(
    "name",
    ["../out.txt", "set/../../out.txt", "/tmp/out.txt", "..\\out.txt", "C:\\out.txt", "C:out.txt", "\\\\host\\out"],
)
def test_a_member_outside_the_target_is_refused(tmp_path: Path, write: Write, name: str) -> None:
    refuse(write(tmp_path / "archive", {"in.txt": b"in", name: b"out"}), "would be outside the target")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
@pytest.mark.parametrize("goal", ["/etc/passwd", "../../out.txt", "in.txt"])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes, goal: str) -> None:
    path = tmp_path / "archive"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("in.txt"))
        member = tarfile.TarInfo("link")
        member.type, member.linkname = kind, goal
        archive.addfile(member)
        through = tarfile.TarInfo("link/out.txt")
        archive.addfile(through)
    refuse(path, "'link' is a link or a device")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("link")
        member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "../../out.txt")
    refuse(path, "'link' is a link or a device")


@FORMATS
def test_a_bomb_is_refused_by_its_size(tmp_path: Path, write: Write) -> None:
    refuse(write(tmp_path / "archive", {f"{n}": bytes(100_000) for n in range(20)}), "bytes", Limits(total=1_000_000))


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as member:
        for _ in range(80):
            member.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    refuse(path, "it claims 1 members of 83,886,080 bytes")


@FORMATS
def test_a_bomb_is_refused_by_its_count(tmp_path: Path, write: Write) -> None:
    refuse(write(tmp_path / "archive", {f"{n}": b"" for n in range(20)}), "members", Limits(members=10))


def test_a_zip_that_claims_too_little_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "archive", {"a": bytes(100_000)})
    size = (100_000).to_bytes(4, "little")
    content = path.read_bytes()
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    refuse(path, "damaged")


def test_padding_after_a_tar_is_counted(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "archive", FILES)
    path.write_bytes(gzip.compress(path.read_bytes() + bytes(2_000_000)))
    refuse(path, "unpacks to more than 1,000,000 bytes", Limits(total=1_000_000))


@pytest.mark.parametrize("write", [write_zip, write_tgz])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.99])
def test_an_archive_that_was_cut_off_leaves_nothing(tmp_path: Path, write: Write, part: float) -> None:
    path = write(tmp_path / "archive", {f"{n}.bin": os.urandom(5_000) for n in range(20)})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    refuse(path, "damaged or truncated")


@pytest.mark.parametrize("write", [write_zip, write_tgz])
def test_a_flipped_byte_is_noticed(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "archive", {f"{n}.bin": os.urandom(5_000) for n in range(20)})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    refuse(path, "damaged or truncated")


@FORMATS
def test_a_name_that_occurs_twice_is_refused(tmp_path: Path, write: Write) -> None:
    refuse(write(tmp_path / "archive", {"a/b.txt": b"1", "a//b.txt": b"2"}), "damaged")


@pytest.mark.parametrize(
    ("content", "message"), [(b"<html>Quota</html>", "web page"), (b"Rar!", "neither"), (b"", "neither")]
)
def test_another_format_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "archive").write_bytes(content)
    refuse(tmp_path / "archive", message)


def test_what_macos_adds_is_left_out(tmp_path: Path) -> None:
    clutter = {"__MACOSX/set/._a.txt": b"x", "set/._a.txt": b"x"}
    extract(write_zip(tmp_path / "archive", FILES | clutter), tmp_path / "target")
    assert everything_in(tmp_path / "target") == FILES


def test_permissions_of_the_archive_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("tool")
        member.mode = 0o4777
        archive.addfile(member)
    extract(path, tmp_path / "target")
    assert (tmp_path / "target" / "tool").stat().st_mode & 0o7111 == 0


def test_a_target_that_exists_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "mine.txt").write_text("mine")
    with pytest.raises(DataError):
        extract(write_zip(tmp_path / "archive", FILES), tmp_path / "target")
    assert everything_in(tmp_path / "target") == {"mine.txt": b"mine"}
