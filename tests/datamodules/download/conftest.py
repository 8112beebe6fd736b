"""A web server on this machine that misbehaves on request."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Site:
    """What the server does; a test sets it.

    Attributes:
        url: Its address, without a slash at the end.
        files: What it hands out, by path.
        cuts: For each of the next answers, after how many bytes of the body the connection breaks.
        statuses: For each of the next answers, a status to answer with instead.
        ranges: Whether it answers range requests.
        etag: What it says of the files, or nothing.
        headers: What else it says, or says instead.
        redirects: Path -> address.
        requests: The ``Range`` of every request so far.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    etag: str | None = '"one"'
    headers: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    requests: list[str | None] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on 127.0.0.1 for one test."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, site)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def answer(request: BaseHTTPRequestHandler, site: Site) -> None:
    wanted = request.headers.get("Range")
    site.requests.append(wanted)
    if request.path in site.redirects:
        request.send_response(302)
        request.send_header("Location", site.redirects[request.path])
        request.end_headers()
        return
    if site.statuses or request.path not in site.files:
        request.send_error(site.statuses.pop(0) if site.statuses else 404)
        return
    body = site.files[request.path]
    start = range_start(request, site) if wanted else 0
    if start > len(body):
        request.send_error(416)
        return
    headers = {"Content-Length": str(len(body) - start)}
    headers |= {"ETag": site.etag} if site.etag is not None else {}
    headers |= {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
    request.send_response(206 if start else 200)
    for name, value in (headers | site.headers).items():
        request.send_header(name, value)
    request.end_headers()
    rest = body[start:]
    request.wfile.write(rest[: site.cuts.pop(0)] if site.cuts else rest)


def range_start(request: BaseHTTPRequestHandler, site: Site) -> int:
    match = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"])
    is_same = request.headers.get("If-Range") == site.etag
    return int(match[1]) if match and site.ranges and is_same else 0
