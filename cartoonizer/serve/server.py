"""Serving the page until Ctrl-C."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cartoonizer.cartoonizer import Cartoonizer
from cartoonizer.errors import ServeError
from cartoonizer.serve.api import build_app
from cartoonizer.serve.limits import Limits
from cartoonizer.serve.listening import address_of, build_server, hosts_of, is_loopback, listen


def serve(model: Path | None, host: str, port: int, token: str | None, is_behind_proxy: bool, limits: Limits) -> None:
    """Serve until Ctrl-C, and say at which address.

    Args:
        model: File of ``cartoongan export``; None for the project's own.
        host: Name or number of this machine to listen at.
        port: 0 is any that is free.
        token: What requests to the API have to know.
        is_behind_proxy: Whether a reverse proxy decides who may come.
        limits: What the server takes on.

    Raises:
        ModelError: The model cannot be used.
        ServeError: That cannot be listened at, or everyone could use the server.
    """
    if not (is_loopback(host) or token or is_behind_proxy):
        raise ServeError(
            f"--host {host} is open to other machines: give a --token, or say --behind-proxy if one guards it"
        )
    cartoonizer = Cartoonizer(model, threads=1)
    listener = listen(host, port)
    manifest = cartoonizer.manifest
    app = build_app(cartoonizer, limits, ["*"] if is_behind_proxy else hosts_of(host), token)
    print(f"model {manifest.name}, {manifest.terms}")
    print(f"Cartoons at {address_of(host, listener)}{f'#{token}' if token else ''} - Ctrl-C ends it.", flush=True)
    with listener, suppress(KeyboardInterrupt):
        build_server(app).run([listener])
