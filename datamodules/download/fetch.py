"""Download of one file, resumable and verified."""

from __future__ import annotations

import base64
import binascii
import errno
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from datamodules.download.sources import Archive, Checksum
from datamodules.download.verify import looks_like_html, verify
from datamodules.errors import DataError

_CHUNK = 1 << 18
_TIMEOUT = (10, 60)
_RETRIED = {408, 425, 429}


@dataclass(frozen=True)
class Retry:
    """Retry policy.

    Attributes:
        attempts: Consecutive attempts without progress before giving up.
        pause: Seconds before the second attempt; doubled before each further one.
    """

    attempts: int = 4
    pause: float = 0.5


@dataclass(frozen=True)
class _RemoteFile:
    """The server's metadata of a file, stored next to a partial download so that it only resumes the same file."""

    url: str
    validator: str | None
    total: int | None
    md5: str | None


class _TransientError(Exception):
    """A connection error that may be temporary."""


def fetch(archive: Archive, target: Path, retry: Retry | None = None) -> None:
    """Download an archive to ``target`` and verify it; until then, the file is ``target`` with ``.part`` appended.

    A partial download is resumed with a range request if the server's validator and total size are unchanged;
    otherwise the download starts over. A file that fails verification is deleted.

    Raises:
        DataError: The download failed: offline, refused, wrong size or hash, a web page instead of the file, or disk
            full. If another attempt may help, the partial download is kept.
    """
    assert archive.url is not None
    retry = retry or Retry()
    part = target.with_name(target.name + ".part")
    remote = _transfer_with_retries(archive, archive.url, part, retry)
    checksum = archive.checksum or (Checksum("md5", remote.md5) if remote.md5 is not None else None)
    try:
        verify(part, archive.size, checksum)
    except DataError as error:
        _discard(part)
        raise DataError(f"{error}. The download was deleted") from error
    part.replace(target)
    _discard(part)


def _transfer_with_retries(archive: Archive, url: str, part: Path, retry: Retry) -> _RemoteFile:
    """Retry as long as attempts make progress."""
    longest, failures = _length(part), 0
    while True:
        try:
            return _transfer(archive, url, part)
        except _TransientError as error:
            failures = 0 if _length(part) > longest else failures + 1
            longest = max(longest, _length(part))
            if failures >= retry.attempts:
                kept = f" {longest:,} bytes are kept; run it again to resume." if _length(part) else ""
                raise DataError(f"cannot download {url}: {error}.{kept}") from error
            time.sleep(retry.pause * 2**failures)


def _transfer(archive: Archive, url: str, part: Path) -> _RemoteFile:
    """Download the rest of the file with one request."""
    previous, start = _resumable(part, url)
    if previous is not None and start == previous.total:
        return previous
    headers = {"Accept-Encoding": "identity"}
    if previous is not None and previous.validator is not None:
        headers |= {"Range": f"bytes={start}-", "If-Range": previous.validator}
    with _translated_errors(url), requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        remote = _read_metadata(response, url)
        if response.status_code == 206 and previous is not None and _resumes(response, remote, previous, start):
            remote = previous
        elif response.status_code in (206, 416):
            _discard(part)
            raise _TransientError("the file on the server has changed since the download began")
        else:
            start = 0
        _check_response(response, archive, url, remote)
        _check_space(part, remote, start)
        _sidecar(part).write_text(json.dumps(asdict(remote)), encoding="utf-8")
        _write_body(response, archive, part, start, remote.total)
    if remote.total is not None and _length(part) != remote.total:
        raise _TransientError(f"the connection was cut after {_length(part):,} of {remote.total:,} bytes")
    return remote


def _resumes(response: requests.Response, remote: _RemoteFile, previous: _RemoteFile, start: int) -> bool:
    """Whether a partial response continues the previous download."""
    content_range = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    is_same_file = remote.total == previous.total and remote.validator in (None, previous.validator)
    return is_same_file and content_range is not None and int(content_range[1]) == start


def _write_body(response: requests.Response, archive: Archive, part: Path, start: int, total: int | None) -> None:
    bar = tqdm(total=total, initial=start, desc=archive.file_name, unit="B", unit_scale=True, disable=None)
    with part.open("ab" if start else "wb") as file, bar:
        # iter_content would decompress a .tgz that is sent with `Content-Encoding: gzip`
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            if file.tell() == 0 and looks_like_html(chunk):
                _discard(part)
                raise DataError(_describe_page(response.url))
            file.write(chunk)
            bar.update(len(chunk))


def _check_response(response: requests.Response, archive: Archive, url: str, remote: _RemoteFile) -> None:
    """Reject a response that is not the file."""
    is_insecure = any(hop.url.startswith("http:") for hop in [*response.history, response])
    if url.startswith("https:") and is_insecure:
        raise DataError(f"{url} redirects to an unencrypted address, {response.url}, which is not followed")
    if response.status_code in _RETRIED or response.status_code >= 500:
        raise _TransientError(f"the server responded with {response.status_code} {response.reason}")
    if response.status_code not in (200, 206):
        raise DataError(f"cannot download {url}: the server responded with {response.status_code} {response.reason}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise DataError(_describe_page(url))
    if None not in (archive.size, remote.total) and archive.size != remote.total:
        raise DataError(f"{url} has {remote.total:,} bytes, but the published file has {archive.size:,}")


def _describe_page(url: str) -> str:
    return (
        f"{url} responded with a web page instead of the file. Google Drive does this when a file was downloaded too"
        " often recently, or when it requires confirmation in a browser"
    )


def _check_space(part: Path, remote: _RemoteFile, offset: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if remote.total is not None and remote.total - offset > free:
        raise DataError(
            f"{part.parent} has {free:,} bytes free, but {remote.total - offset:,} are still to be downloaded"
        )


@contextmanager
def _translated_errors(url: str) -> Iterator[None]:
    """Convert exceptions of requests into temporary and permanent errors."""
    try:
        yield
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _TransientError(f"the connection failed ({_innermost(error)})") from error
    except requests.RequestException as error:
        raise DataError(f"cannot download {url}: {error}") from error
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        raise DataError(f"cannot write the download of {url}: {reason}") from error


def _innermost(error: BaseException) -> str:
    """The message of the innermost of nested exceptions."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__


def _resumable(part: Path, url: str) -> tuple[_RemoteFile | None, int]:
    """Metadata and length of a partial download; None and 0 if it cannot be resumed."""
    try:
        previous = _RemoteFile(**json.loads(_sidecar(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None, 0
    length = _length(part)
    is_usable = previous.url == url and length > 0 and (previous.total is None or length <= previous.total)
    return (previous, length) if is_usable and previous.validator is not None else (None, 0)


def _read_metadata(response: requests.Response, url: str) -> _RemoteFile:
    headers = response.headers
    etag = headers.get("ETag", "")
    validator = etag if etag.startswith('"') else headers.get("Last-Modified")
    if response.status_code == 206:
        match = re.fullmatch(r"bytes \d+-\d+/(\d+)", headers.get("Content-Range", ""))
        total = int(match[1]) if match else None
    else:
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
    return _RemoteFile(url, validator, total, _google_md5(headers.get("x-goog-hash", "")))


def _google_md5(header: str) -> str | None:
    """The MD5 in Google Cloud Storage's header ``crc32c=<base64>,md5=<base64>``."""
    match = re.search(r"\bmd5=([A-Za-z0-9+/=]+)", header)
    try:
        return base64.b64decode(match[1], validate=True).hex() if match else None
    except binascii.Error:
        return None


def _sidecar(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _sidecar(part).unlink(missing_ok=True)
