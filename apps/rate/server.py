"""Serves the page until Ctrl-C."""

from __future__ import annotations

from contextlib import suppress

from apps.rate.api import build_app
from apps.rate.questions import Mode
from apps.rate.store import Store
from cartoonizer.errors import ServeError
from cartoonizer.serve.listening import address_of, build_server, hosts_of, is_loopback, listen
from datamodules.errors import DataError


def serve(store: Store, mode: Mode, host: str, port: int) -> None:
    """Serve until Ctrl-C, and print the address.

    Args:
        store: The ratings.
        mode: Scores or comparisons.
        host: Host name or IP address to listen on.
        port: Port; 0 for any free one.

    Raises:
        DataError: The address or port cannot be used.
    """
    try:
        listener = listen(host, port)
    except ServeError as error:
        raise DataError(str(error)) from error
    print(f"Rate at {address_of(host, listener)} - press Ctrl-C to stop.")
    print(_reach(is_loopback(host)), flush=True)
    with listener, suppress(KeyboardInterrupt):
        build_server(build_app(store, mode, hosts_of(host))).run([listener])


def _reach(is_local: bool) -> str:
    if is_local:
        return "Only this machine can open it; --host 0.0.0.0 opens it to the network."
    return (
        "Everyone who can reach this machine can open it, see the photos and rate. Traffic is not encrypted: "
        "use it in a trusted network, or behind a TLS proxy."
    )
