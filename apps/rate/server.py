"""Serving the page until Ctrl-C."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

from apps.rate.api import build_app
from apps.rate.questions import Mode
from apps.rate.store import Store
from datamodules.errors import DataError

_GRACE = 2
"""Seconds that requests under way have to end after Ctrl-C."""


def serve(store: Store, mode: Mode, host: str, port: int) -> None:
    """Serve until Ctrl-C, and say at which address.

    Args:
        store: The ratings.
        mode: How raters are asked.
        host: Name or number of this machine to listen at.
        port: 0 is any that is free.

    Raises:
        DataError: The address or port cannot be used.
    """
    listener = listen(host, port)
    is_local = is_loopback(host)
    hosts = ["localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host] if is_local else ["*"]
    print(f"Rate at {_address(host, listener)} - Ctrl-C ends it.")
    print(_reach(is_local), flush=True)
    with listener, suppress(KeyboardInterrupt):
        build_server(build_app(store, mode, hosts)).run([listener])


def build_server(app: ASGIApp) -> uvicorn.Server:
    """A server that logs little and stops quickly."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address of this machine; port 0 for any free one.

    Raises:
        DataError: The address or port cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listener = socket.create_server(found[0][4][:2], family=found[0][0])
    except (OSError, OverflowError) as error:
        raise DataError(f"cannot listen at --host {host} --port {port}: {error}; choose others") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited; without it an answer takes 40 ms more
    return listener


def is_loopback(host: str) -> bool:
    """Whether only this machine itself can reach that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _address(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    if host in {"0.0.0.0", "::"}:
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _reach(is_local: bool) -> str:
    if is_local:
        return "Only this machine can open it; --host 0.0.0.0 opens it to everyone who can reach this machine."
    return (
        "Everyone who can reach this machine can open it, see the photos and rate, and what is sent is not encrypted: "
        "use it in a network that you trust, or behind a proxy that encrypts."
    )
