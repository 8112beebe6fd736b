"""Downloading one file: resumed where it stopped, and never taken for another."""

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
    """When to give up.

    Attributes:
        attempts: Tries in a row that brought nothing new.
        pause: Seconds before the second try; doubled before each further one.
    """

    attempts: int = 4
    pause: float = 0.5


@dataclass(frozen=True)
class _Stated:
    """What a server says of a file. It lies beside a part, so that a later run resumes the same file or none."""

    url: str
    validator: str | None
    total: int | None
    md5: str | None


class _TransientError(Exception):
    """The connection failed in a way that may pass."""


def fetch(archive: Archive, target: Path, retry: Retry | None = None) -> None:
    """Download an archive, verified, to ``target``; until it is verified it is ``target`` with ``.part`` appended.

    A part is resumed by a range request, and only where the server says, by the same validator and the same total
    size, that it still has the same file; otherwise it starts anew. What turns out to be another file is deleted.

    Raises:
        DataError: The file cannot be had: offline, refused, another size or hash, a web page instead of it, disk full.
            Where running it again can help, the part is kept.
    """
    assert archive.url is not None
    retry = retry or Retry()
    part = target.with_name(target.name + ".part")
    stated = _transfer_until_whole(archive, archive.url, part, retry)
    checksum = archive.checksum or (Checksum("md5", stated.md5) if stated.md5 is not None else None)
    try:
        verify(part, archive.size, checksum)
    except DataError as error:
        _discard(part)
        raise DataError(f"{error}. The download is deleted") from error
    part.replace(target)
    _discard(part)


def _transfer_until_whole(archive: Archive, url: str, part: Path, retry: Retry) -> _Stated:
    """Try again as long as tries bring something new."""
    longest, failures = _length(part), 0
    while True:
        try:
            return _transfer(archive, url, part)
        except _TransientError as error:
            failures = 0 if _length(part) > longest else failures + 1
            longest = max(longest, _length(part))
            if failures >= retry.attempts:
                kept = f" {longest:,} bytes are kept; running it again goes on from there." if _length(part) else ""
                raise DataError(f"cannot download {url}: {error}.{kept}") from error
            time.sleep(retry.pause * 2**failures)


def _transfer(archive: Archive, url: str, part: Path) -> _Stated:
    """Bring the part to its full length by one request."""
    known, start = _resumable(part, url)
    if known is not None and start == known.total:
        return known
    headers = {"Accept-Encoding": "identity"}
    if known is not None and known.validator is not None:
        headers |= {"Range": f"bytes={start}-", "If-Range": known.validator}
    with _translated_errors(url), requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        stated = _read_stated(response, url)
        if response.status_code == 206 and known is not None and _continues(response, stated, known, start):
            stated = known
        elif response.status_code in (206, 416):
            _discard(part)
            raise _TransientError("the file on the server is not the one whose download was begun")
        else:
            start = 0
        _check_response(response, archive, url, stated)
        _check_space(part, stated, start)
        _sidecar(part).write_text(json.dumps(asdict(stated)), encoding="utf-8")
        _write_body(response, archive, part, start, stated.total)
    if stated.total is not None and _length(part) != stated.total:
        raise _TransientError(f"the connection was cut after {_length(part):,} of {stated.total:,} bytes")
    return stated


def _continues(response: requests.Response, stated: _Stated, known: _Stated, start: int) -> bool:
    """Whether a partial answer is the rest of the file that was begun."""
    begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    is_same_file = stated.total == known.total and stated.validator in (None, known.validator)
    return is_same_file and begins is not None and int(begins[1]) == start


def _write_body(response: requests.Response, archive: Archive, part: Path, start: int, total: int | None) -> None:
    bar = tqdm(total=total, initial=start, desc=archive.file_name, unit="B", unit_scale=True, disable=None)
    with part.open("ab" if start else "wb") as file, bar:
        # Not iter_content, which would unpack a .tgz that is sent with `Content-Encoding: gzip`.
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            if file.tell() == 0 and looks_like_html(chunk):
                _discard(part)
                raise DataError(_describe_page(response.url))
            file.write(chunk)
            bar.update(len(chunk))


def _check_response(response: requests.Response, archive: Archive, url: str, stated: _Stated) -> None:
    """Refuse an answer that is not the file."""
    is_insecure = any(hop.url.startswith("http:") for hop in [*response.history, response])
    if url.startswith("https:") and is_insecure:
        raise DataError(f"{url} leads to an address without encryption, {response.url}; it is not followed")
    if response.status_code in _RETRIED or response.status_code >= 500:
        raise _TransientError(f"the server answers {response.status_code} {response.reason}")
    if response.status_code not in (200, 206):
        raise DataError(f"cannot download {url}: the server answers {response.status_code} {response.reason}")
    if response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise DataError(_describe_page(url))
    if None not in (archive.size, stated.total) and archive.size != stated.total:
        raise DataError(f"{url} offers a file of {stated.total:,} bytes, but the published one has {archive.size:,}")


def _describe_page(url: str) -> str:
    return (
        f"{url} answers with a web page instead of the file. Google Drive does so when too many people have"
        " downloaded a file lately, or when it wants to be asked in a browser"
    )


def _check_space(part: Path, stated: _Stated, offset: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if stated.total is not None and stated.total - offset > free:
        raise DataError(
            f"{part.parent} has {free:,} bytes free, but {stated.total - offset:,} are still to be downloaded"
        )


@contextmanager
def _translated_errors(url: str) -> Iterator[None]:
    """Turn what the library raises into what may pass and what will not."""
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
    """The plainest words among nested exceptions."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error) or type(error).__name__


def _resumable(part: Path, url: str) -> tuple[_Stated | None, int]:
    """What is known of the part and its length; nothing and 0 where it cannot be resumed."""
    try:
        known = _Stated(**json.loads(_sidecar(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None, 0
    length = _length(part)
    is_usable = known.url == url and length > 0 and (known.total is None or length <= known.total)
    return (known, length) if is_usable and known.validator is not None else (None, 0)


def _read_stated(response: requests.Response, url: str) -> _Stated:
    headers = response.headers
    etag = headers.get("ETag", "")
    validator = etag if etag.startswith('"') else headers.get("Last-Modified")
    if response.status_code == 206:
        match = re.fullmatch(r"bytes \d+-\d+/(\d+)", headers.get("Content-Range", ""))
        total = int(match[1]) if match else None
    else:
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
    return _Stated(url, validator, total, _google_md5(headers.get("x-goog-hash", "")))


def _google_md5(header: str) -> str | None:
    """The MD5 that Google's storage states as ``crc32c=<base64>,md5=<base64>``."""
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
