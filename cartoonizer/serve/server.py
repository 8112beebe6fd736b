"""Serves the page until Ctrl-C."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from cartoonizer.cartoonizer import Cartoonizer
from cartoonizer.errors import ServeError
from cartoonizer.serve.api import build_app
from cartoonizer.serve.limits import Limits
from cartoonizer.serve.listening import address_of, build_server, hosts_of, is_loopback, listen


def serve(model: Path | None, host: str, port: int, token: str | None, is_behind_proxy: bool, limits: Limits) -> None:
    """Serve until Ctrl-C, and print the address.

    Args:
        model: File of ``cartoongan export``; None for the project's own.
        host: Host name or IP address to listen on.
        port: Port; 0 for any free one.
        token: Token required by the API.
        is_behind_proxy: Whether a reverse proxy controls access.
        limits: Resource limits.

    Raises:
        ModelError: The model cannot be used.
        ServeError: The address cannot be used, or the server would be open to everyone.
    """
    if not (is_loopback(host) or token or is_behind_proxy):
        raise ServeError(
            f"--host {host} is open to other machines: set --token, or --behind-proxy if a proxy controls access"
        )
    cartoonizer = Cartoonizer(model, threads=1)
    listener = listen(host, port)
    manifest = cartoonizer.manifest
    app = build_app(cartoonizer, limits, ["*"] if is_behind_proxy else hosts_of(host), token)
    print(f"model {manifest.name}, {manifest.terms}")
    print(f"Cartoons at {address_of(host, listener)}{f'#{token}' if token else ''} - press Ctrl-C to stop.", flush=True)
    with listener, suppress(KeyboardInterrupt):
        build_server(app).run([listener])
