"""A small server that stands in for S3.

As a program it serves a folder until it is killed: ``bucket.py FOLDER ADDRESS PORT`` prints a line once it listens.
"""

from __future__ import annotations

import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Bucket(ThreadingHTTPServer):
    """Answers ``GET /bucket/key`` with files below ``folder``, and keeps count of the bytes.

    Args:
        folder: The content of the bucket.
        address: Where to listen.
        port: The port; any free one by default.
    """

    def __init__(self, folder: Path, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((address, port), BucketHandler)
        self.folder = folder
        self.sent: dict[str, int] = {}


class BucketHandler(BaseHTTPRequestHandler):
    server: Bucket

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, with_content: bool) -> None:
        name = self.path.partition("?")[0].removeprefix("/bucket/")
        path = self.server.folder / name
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2])) if asked else (0, len(content) - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(last + 1 - first))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
        self.send_header("ETag", '"1"')
        self.end_headers()
        if with_content:
            # Counted first: once it has the content, the client may look at the count.
            self.server.sent[name] = self.server.sent.get(name, 0) + last + 1 - first
            self.wfile.write(content[first : last + 1])

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def settings(address: str, port: int) -> dict[str, str]:
    """Environment variables by which S3 clients find the bucket at an address."""
    return {
        "AWS_ENDPOINT_URL": f"http://{address}:{port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "NO_PROXY": address,
    }


if __name__ == "__main__":
    server = Bucket(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    print("listening", flush=True)
    server.serve_forever()
