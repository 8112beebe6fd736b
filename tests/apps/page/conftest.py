"""The page as a static host serves it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from apps.page.runtime import runtime_files
from apps.page.site import site_files, write_site
from cartoonizer.model_file import OWN_MODEL, read_model
from datamodules.errors import DataError
from tests.cartoonizer.serve.chromium import chromium

ServeFolder = Callable[[Path], str]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def serve_folder() -> Iterator[ServeFolder]:
    """Serves a folder at an address of this machine."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(_served(folder))


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the project's own model, in a folder below its host's root."""
    try:
        runtime = runtime_files()
    except DataError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("host") / "people" / "cartoons"
    write_site(site_files(read_model(OWN_MODEL), runtime), folder)
    return folder


@pytest.fixture(scope="session")
def portrait(sample_root: Path) -> Path:
    """A drawn photo in which the project's detector finds a face."""
    return sample_root / "celeba" / "img_align_celeba" / "000001.jpg"


@pytest.fixture(scope="module")
def address(serve_folder: ServeFolder, site_folder: Path) -> str:
    """Of the page."""
    return f"{serve_folder(site_folder.parents[1])}/people/cartoons/"
