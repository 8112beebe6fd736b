"""A file of ratings whose pictures are coloured squares, and a server of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from PIL import Image

from apps.rate.api import build_app
from apps.rate.database import create
from apps.rate.gallery import Gallery, Variant
from apps.rate.questions import Mode
from apps.rate.store import Store
from cartoonizer.serve.listening import build_server, listen

TITLES = ("cyclegan_plain/s1", "cyclegan_cond/s1", "cyclegan_full/s1")
PHOTOS = 4


def square(red: int, green: int, blue: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (32, 32), (red, green, blue)).save(file, "png")
    return file.getvalue()


@pytest.fixture
def gallery() -> Gallery:
    """Three runs, four photos. A picture's green is its photo; its blue is 0 for photos, 1, 2, 3 for the runs."""
    return Gallery(
        [Variant(title, Path("/runs") / title, Path("/runs") / title / "best.ckpt", "ab" * 32) for title in TITLES],
        {f"{photo:06d}.jpg": square(0, photo, 0) for photo in range(PHOTOS)},
        [[square(0, photo, 1 + variant) for photo in range(PHOTOS)] for variant in range(len(TITLES))],
    )


@pytest.fixture
def database(tmp_path: Path, gallery: Gallery) -> Path:
    path = tmp_path / "ratings.sqlite"
    create(path, gallery)
    return path


class Rater:
    """Somebody's browser, without a page.

    Args:
        address: Of the server, without a slash at the end.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.headers["Origin"] = address

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.address + path, timeout=10)

    def post(self, path: str, words: Mapping[str, Any]) -> requests.Response:
        return self.session.post(self.address + path, json=words, timeout=10)

    def join(self, name: str = "") -> requests.Response:
        return self.post("/api/raters", {"name": name, "consent": True})

    def rate(self, position: int, question: str, value: int) -> requests.Response:
        return self.post("/api/ratings", {"position": position, "question": question, "value": value})

    def colour(self, path: str) -> tuple[int, int]:
        """Photo and run of a picture."""
        pixel = Image.open(BytesIO(self.get(path).content)).getpixel((0, 0))
        assert isinstance(pixel, tuple)
        return int(pixel[1]), int(pixel[2])


@pytest.fixture
def new_rater() -> type[Rater]:
    return Rater


@pytest.fixture
def serve(database: Path) -> Iterator[Callable[[Mode], str]]:
    """Serves the file in a thread; gives the address."""
    running: list[tuple[uvicorn.Server, threading.Thread, Store]] = []

    def start(mode: Mode) -> str:
        store = Store(database)
        listener = listen("127.0.0.1", 0)
        server = build_server(build_app(store, mode, ["127.0.0.1"]))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        running.append((server, thread, store))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread, store in running:
        server.should_exit = True
        thread.join()
        store.close()
