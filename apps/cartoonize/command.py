"""``cartoongan cartoonize``: the runtime's own command, which needs no PyTorch."""

from __future__ import annotations

import typer


def cartoonize(context: typer.Context) -> None:
    """Turn the faces of photos and videos into cartoons; see `cartoongan cartoonize --help`."""
    from cartoonizer.command import main

    if code := main(context.args):
        raise typer.Exit(code)
