"""Downloads from a server that cuts, lies and changes its mind."""

from __future__ import annotations

import base64
import hashlib
import random
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from datamodules.download.fetch import Retry, fetch
from datamodules.download.sources import Archive, Checksum
from datamodules.errors import DataError

if TYPE_CHECKING:
    from tests.datamodules.download.conftest import Site

BODY = random.Random(0).randbytes(1_000_000)
OTHER = random.Random(1).randbytes(1_000_000)
SHA256 = Checksum("sha256", hashlib.sha256(BODY).hexdigest())
AT_ONCE = Retry(attempts=3, pause=0)
PAGE = b"\n<!DOCTYPE html><html><body>Quota exceeded</body></html>"


class Usage(NamedTuple):
    """Stands in for what the disk says."""

    total: int
    used: int
    free: int


def archive_at(url: str, size: int | None = len(BODY), checksum: Checksum | None = SHA256) -> Archive:
    return Archive("a.zip", url, ("a",), space=0, size=size, checksum=checksum)


@pytest.fixture
def target(site: Site, tmp_path: Path) -> Path:
    site.files = {"/a.zip": BODY}
    return tmp_path / "a.zip"


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole(site: Site, target: Path) -> None:
    fetch(archive_at(f"{site.url}/a.zip"), target)
    assert target.read_bytes() == BODY
    assert files_in(target.parent) == ["a.zip"]
    assert site.requests == [None]


def test_a_cut_connection_is_resumed_where_it_broke(site: Site, target: Path) -> None:
    site.cuts = [400_000, 0, 1, 300_000]
    fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert target.read_bytes() == BODY
    assert site.requests == [None, "bytes=400000-", "bytes=400000-", "bytes=400001-", "bytes=700001-"]


def test_a_stopped_run_is_resumed_by_the_next(site: Site, target: Path) -> None:
    site.cuts = [400_000, 0, 0, 0]
    with pytest.raises(DataError, match="400,000 bytes are kept"):
        fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert files_in(target.parent) == ["a.zip.part", "a.zip.part.json"]
    site.requests.clear()
    fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert target.read_bytes() == BODY
    assert site.requests == ["bytes=400000-"]
    assert files_in(target.parent) == ["a.zip"]


def test_a_part_that_is_whole_already_is_not_asked_for_again(site: Site, target: Path) -> None:
    site.cuts = [400_000, 0, 0, 0]
    with pytest.raises(DataError):
        fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    target.with_name("a.zip.part").write_bytes(BODY)
    site.requests.clear()
    fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert site.requests == []
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("change", ["no ranges", "another file", "no etag"])
def test_what_cannot_be_resumed_starts_anew(site: Site, target: Path, change: str) -> None:
    site.cuts = [400_000]
    site.ranges = change != "no ranges"
    site.etag = None if change == "no etag" else site.etag
    with pytest.raises(DataError):
        fetch(archive_at(f"{site.url}/a.zip"), target, Retry(attempts=0, pause=0))
    if change == "another file":
        site.etag = '"two"'
        site.files["/a.zip"] = OTHER
    fetch(archive_at(f"{site.url}/a.zip", checksum=None), target, AT_ONCE)
    assert target.read_bytes() == site.files["/a.zip"]


def test_a_server_that_mixes_two_files_is_not_believed(site: Site, target: Path) -> None:
    """It answers the range request although its file is another one: the validator in its answer gives it away."""
    site.cuts = [400_000]
    with pytest.raises(DataError):
        fetch(archive_at(f"{site.url}/a.zip"), target, Retry(attempts=0, pause=0))
    site.files["/a.zip"] = OTHER
    site.headers = {"ETag": '"two"'}
    fetch(archive_at(f"{site.url}/a.zip", checksum=None), target, AT_ONCE)
    assert target.read_bytes() == OTHER
    assert site.requests == [None, "bytes=400000-", None]


def test_another_part_than_the_one_asked_for_is_not_taken(site: Site, target: Path) -> None:
    site.cuts = [400_000]
    site.headers = {"Content-Range": "bytes 0-999999/1000000"}
    with pytest.raises(DataError):
        fetch(archive_at(f"{site.url}/a.zip"), target, Retry(attempts=0, pause=0))
    fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert target.read_bytes() == BODY
    assert site.requests == [None, "bytes=400000-", None]


def test_wrong_bytes_are_deleted(site: Site, target: Path) -> None:
    site.files["/a.zip"] = BODY[:-1] + b"x"
    with pytest.raises(DataError, match=r"sha256 .* but the published file has .* The download was deleted"):
        fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert files_in(target.parent) == []


def test_a_wrong_size_is_known_before_the_first_byte(site: Site, target: Path) -> None:
    site.files["/a.zip"] = BODY[:-1]
    with pytest.raises(DataError, match="999,999 bytes, but the published file has 1,000,000"):
        fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert files_in(target.parent) == []


def test_the_hash_that_the_server_states_stands_in_for_an_unpublished_one(site: Site, target: Path) -> None:
    right, wrong = (base64.b64encode(hashlib.md5(content).digest()).decode() for content in (BODY, b"another"))
    site.headers = {"x-goog-hash": f"crc32c=AAAAAA==,md5={wrong}"}
    with pytest.raises(DataError, match="has the md5"):
        fetch(archive_at(f"{site.url}/a.zip", size=None, checksum=None), target, AT_ONCE)
    site.headers = {"x-goog-hash": f"crc32c=AAAAAA==,md5={right}"}
    fetch(archive_at(f"{site.url}/a.zip", size=None, checksum=None), target, AT_ONCE)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("headers", [{"Content-Type": "text/html; charset=utf-8"}, {}], ids=["stated", "unstated"])
def test_a_web_page_is_not_taken_for_the_file(site: Site, target: Path, headers: dict[str, str]) -> None:
    site.files["/a.zip"] = PAGE
    site.headers = headers
    with pytest.raises(DataError, match="responded with a web page instead of the file"):
        fetch(archive_at(f"{site.url}/a.zip", size=None, checksum=None), target, AT_ONCE)
    assert files_in(target.parent) == []


def test_a_refusal_is_final(site: Site, target: Path) -> None:
    with pytest.raises(DataError, match="responded with 404"):
        fetch(archive_at(f"{site.url}/b.zip"), target, AT_ONCE)
    assert len(site.requests) == 1


def test_a_busy_server_is_asked_again(site: Site, target: Path) -> None:
    site.statuses = [503, 429]
    fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert target.read_bytes() == BODY


def test_a_server_that_stays_busy_is_given_up(site: Site, target: Path) -> None:
    site.statuses = [503] * 9
    with pytest.raises(DataError, match="responded with 503"):
        fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert len(site.requests) == 3


def test_a_redirection_is_followed(site: Site, target: Path) -> None:
    site.redirects = {"/old.zip": f"{site.url}/a.zip"}
    fetch(archive_at(f"{site.url}/old.zip"), target, AT_ONCE)
    assert target.read_bytes() == BODY


def test_a_machine_that_is_not_there_is_named(target: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(DataError, match=rf"cannot download http://127\.0\.0\.1:{port}/a\.zip: the connection failed"):
        fetch(archive_at(f"http://127.0.0.1:{port}/a.zip"), target, AT_ONCE)
    assert files_in(target.parent) == []


def test_a_full_disk_is_known_before_the_first_byte(site: Site, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1_000_000, 500_000, 500_000))
    with pytest.raises(DataError, match="500,000 bytes free, but 1,000,000 are still to be downloaded"):
        fetch(archive_at(f"{site.url}/a.zip"), target, AT_ONCE)
    assert files_in(target.parent) == []
