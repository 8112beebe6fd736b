"""``cartoongan cartoonize``: the runtime's own command, which needs no PyTorch."""

from __future__ import annotations

import typer


def cartoonize(context: typer.Context) -> None:
    """Turn photos, with faces anywhere in them, into cartoons; see `cartoongan cartoonize --help`."""
    from cartoonizer.command import main

    if code := main(context.args):
        raise typer.Exit(code)
