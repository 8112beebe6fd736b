"""The ``cartoonize-serve`` command: a page on which photos become cartoons."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cartoonizer.errors import CartoonizerError, ServeError
from cartoonizer.serve.limits import Limits

TOKEN = "CARTOONGAN_TOKEN"
"""Environment variable that may hold the token, where a command line is seen by others."""

_ABOUT = "Serve a page and an API that turn photos into cartoons. Photos are not stored."


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C.

    Args:
        argv: Words of the command line without the program's name; by default those of this process.

    Returns:
        Exit code: 0, or 2 after an error that was explained on standard error.
    """
    try:
        _run(_parser().parse_args(argv))
    except SystemExit as stop:  # argparse's way to return
        return stop.code if isinstance(stop.code, int) else 0
    except CartoonizerError as error:
        print(f"cartoonize-serve: error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    try:
        from cartoonizer.serve.server import serve
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"starlette", "uvicorn"}:
            raise
        raise ServeError(f"{missing} is not installed: pip install starlette uvicorn") from error
    limits = Limits(
        body=options.megabytes * 10**6,
        pixels=options.megapixels * 10**6,
        seconds=float(options.seconds),
        waiting=options.waiting,
    )
    if options.parallel is not None:
        limits = replace(limits, parallel=options.parallel)
    serve(options.model, options.host, options.port, options.token, options.behind_proxy, limits)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("cartoonize-serve", description=_ABOUT, allow_abbrev=False)
    add = parser.add_argument
    add("--model", type=Path, metavar="FILE", help="file of `cartoongan export` (the package's own)")
    add("--host", default="127.0.0.1", help="where to listen; others than this machine need a token (%(default)s)")
    add("--port", type=_between(0, 65535), default=8000, metavar="N", help="0 is any free one (%(default)s)")
    add("--token", default=os.environ.get(TOKEN), help=f"what requests have to know (that of ${TOKEN})")
    add("--behind-proxy", action="store_true", help="a reverse proxy decides who may come")
    add("--parallel", type=_between(1, 1024), metavar="N", help="photos at the same time (one for each core)")
    add("--waiting", type=_between(1, 10**6), default=64, metavar="N", help="photos that may wait (%(default)s)")
    add("--megabytes", type=_between(1, 1024), default=16, metavar="N", help="largest file (%(default)s)")
    add("--megapixels", type=_between(1, 64), default=24, metavar="N", help="largest photo (%(default)s)")
    add("--seconds", type=_between(1, 3600), default=30, metavar="N", help="longest wait and work (%(default)s)")
    return parser


def _between(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"expected a number from {least} to {most}, got {text!r}")
        return int(text)

    return read
