"""``cartoongan serve``: the runtime's own server, which needs no PyTorch."""

from __future__ import annotations

import typer


def serve(context: typer.Context) -> None:
    """Serve a page and an API that turn photos into cartoons; see `cartoongan serve --help`."""
    from cartoonizer.serve.command import main

    if code := main(context.args):
        raise typer.Exit(code)
