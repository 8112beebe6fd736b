"""``cartoongan cartoonize``: the runtime's own command, which needs no PyTorch."""

from __future__ import annotations

from typing import Any

import typer

SETTINGS: dict[str, Any] = {
    "add_help_option": False,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}
"""How the command is registered: every word is the runtime's, ``--help`` too."""


def cartoonize(context: typer.Context) -> None:
    """Turn photos, with faces anywhere in them, into cartoons; see `cartoongan cartoonize --help`."""
    from cartoonizer.command import main

    if code := main(context.args):
        raise typer.Exit(code)
