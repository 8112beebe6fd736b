"""The ``lightning`` command."""

from lightning_modules.cli.command import CartoonGANCLI, main

__all__ = ["CartoonGANCLI", "main"]
