"""The ``cartoonize-serve`` command: serves a page and an API that turn photos into cartoons."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cartoonizer.errors import CartoonizerError, ServeError
from cartoonizer.parser import SuggestingParser, between
from cartoonizer.serve.limits import Limits

TOKEN = "CARTOONGAN_TOKEN"
"""Environment variable for the token, since command lines are visible to other users."""

_ABOUT = "Serve a page and an API that turn photos into cartoons. Photos are not stored."


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C.

    Args:
        argv: The command line without the program's name; by default that of this process.

    Returns:
        Exit code: 0, or 2 after an error, explained on standard error.
    """
    try:
        _run(_parser().parse_args(argv))
    except SystemExit as stop:  # argparse exits this way
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
    parser = SuggestingParser("cartoonize-serve", _ABOUT)
    add = parser.add_argument
    add("--model", type=Path, metavar="FILE", help="file of `cartoongan export` (default: bundled)")
    add("--host", default="127.0.0.1", help="address to listen on; public ones need a token (%(default)s)")
    add("--port", type=between(0, 65535), default=8000, metavar="N", help="0 for any free one (%(default)s)")
    add("--token", default=os.environ.get(TOKEN), help=f"token required by the API (default: ${TOKEN})")
    add("--behind-proxy", action="store_true", help="a reverse proxy controls access")
    add("--parallel", type=between(1, 1024), metavar="N", help="photos processed in parallel (default: one per core)")
    add("--waiting", type=between(1, 10**6), default=64, metavar="N", help="maximum of waiting photos (%(default)s)")
    add("--megabytes", type=between(1, 1024), default=16, metavar="N", help="maximum file size (%(default)s)")
    add("--megapixels", type=between(1, 64), default=24, metavar="N", help="maximum photo size (%(default)s)")
    add("--seconds", type=between(1, 3600), default=30, metavar="N", help="maximum time, upload included (%(default)s)")
    return parser
