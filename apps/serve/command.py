"""``cartoongan serve``: a page on which photos become cartoons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of `cartoongan export`; default the project's own.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is any free one.")] = 8000,
    token: Annotated[
        str | None, typer.Option(help="What requests have to know.", envvar="CARTOONGAN_TOKEN", show_envvar=True)
    ] = None,
    behind_proxy: Annotated[bool, typer.Option(help="A reverse proxy decides who may come.")] = False,
    parallel: Annotated[int | None, typer.Option(min=1, help="Photos at the same time; default one a core.")] = None,
    waiting: Annotated[int, typer.Option(min=1, help="Photos that may wait; more are sent away.")] = 64,
    megabytes: Annotated[int, typer.Option(min=1, help="Largest file.")] = 16,
    megapixels: Annotated[int, typer.Option(min=1, max=64, help="Largest photo.")] = 24,
    seconds: Annotated[float, typer.Option(min=1, help="Longest wait and work.")] = 30.0,
) -> None:
    """Serve a page and an API that turn photos into cartoons. Photos are not stored."""
    from dataclasses import replace

    from apps.serve.limits import Limits
    from datamodules.extras import needs_extra

    with needs_extra("serve"):
        from apps.serve.server import serve as run

    limits = Limits(body=megabytes * 10**6, pixels=megapixels * 10**6, seconds=seconds, waiting=waiting)
    run(model, host, port, token, behind_proxy, limits if parallel is None else replace(limits, parallel=parallel))
