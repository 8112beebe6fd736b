"""Listening for browsers: a socket, and a uvicorn that logs little and stops quickly."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

from cartoonizer.errors import ServeError

_GRACE = 2
"""Seconds that requests under way have to end after Ctrl-C."""

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Names by which this machine's own browsers may call it."""


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
        ServeError: The address or port cannot be used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listener = socket.create_server(found[0][4][:2], family=found[0][0])
    except (OSError, OverflowError) as error:
        raise ServeError(f"cannot listen at --host {host} --port {port}: {error}; choose others") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited; without it an answer takes 40 ms more
    return listener


def is_loopback(host: str) -> bool:
    """Whether only this machine itself can reach that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def hosts_of(host: str) -> list[str]:
    """Names that a server at an address answers to. On this machine alone they keep out pages that pretend to be it."""
    return [*LOCAL_NAMES, f"[{host}]" if ":" in host else host] if is_loopback(host) else ["*"]


def address_of(host: str, listener: socket.socket) -> str:
    """What to type into a browser."""
    port = listener.getsockname()[1]
    if host in {"0.0.0.0", "::"}:
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
