"""A server of the project's own model, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from apps.serve.api import build_app
from apps.serve.limits import Limits
from apps.web.listening import LOCAL_NAMES, build_server, listen
from cartoonizer import Cartoonizer

LIMITS = Limits(body=400_000, pixels=1_000_000, seconds=20, waiting=8, parallel=2)

Serve = Callable[..., str]


@pytest.fixture(scope="session")
def cartoonizer() -> Cartoonizer:
    return Cartoonizer(threads=1)


@pytest.fixture(scope="session")
def portrait(sample_root: Path) -> bytes:
    """A drawn photo in which the project's detector finds a face."""
    return (sample_root / "celeba" / "img_align_celeba" / "000001.jpg").read_bytes()


@pytest.fixture
def serve(cartoonizer: Cartoonizer) -> Iterator[Serve]:
    """Starts a server with other limits or another model, and says its address."""
    with ExitStack() as stack:

        def start(model: Any = cartoonizer, token: str | None = None, **limits: Any) -> str:
            app = build_app(model, replace(LIMITS, **limits), LOCAL_NAMES, token)
            return stack.enter_context(_served(build_server(app)))

        yield start


@contextmanager
def _served(server: uvicorn.Server) -> Iterator[str]:
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()
