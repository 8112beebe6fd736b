"""Sockets and uvicorn set-up, with little logging and fast shutdown."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

from cartoonizer.errors import ServeError

_GRACE = 2
"""Seconds for requests in progress to finish after Ctrl-C."""

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Names of this machine for local browsers."""


def build_server(app: ASGIApp) -> uvicorn.Server:
    """A server with little logging and fast shutdown."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="on",
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
        raise ServeError(f"cannot listen on --host {host} --port {port}: {error}; choose others") from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited; saves 40 ms per response
    return listener


def is_loopback(host: str) -> bool:
    """Whether an address is only reachable from this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def hosts_of(host: str) -> list[str]:
    """Accepted host names of a server; restricted for local servers, as a protection against DNS rebinding."""
    return [*LOCAL_NAMES, f"[{host}]" if ":" in host else host] if is_loopback(host) else ["*"]


def address_of(host: str, listener: socket.socket) -> str:
    """The URL for a browser."""
    port = listener.getsockname()[1]
    if host in {"0.0.0.0", "::"}:
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
