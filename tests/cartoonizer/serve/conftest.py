"""A server of the project's own model, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cartoonizer import Cartoonizer
from cartoonizer.serve.api import build_app
from cartoonizer.serve.limits import Limits
from cartoonizer.serve.listening import LOCAL_NAMES, build_server, listen

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
            return stack.enter_context(served_app(model, token, replace(LIMITS, **limits)))

        yield start


@contextmanager
def served_app(model: Any, token: str | None, limits: Limits) -> Iterator[str]:
    """Serves in a thread; the address."""
    server = build_server(build_app(model, limits, LOCAL_NAMES, token))
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()
