"""Completion scripts for shells: ``lightning --print_completion bash``."""

from __future__ import annotations

import argparse

import shtab

import lightning_modules
from lightning_modules.cli.class_options import known_options
from lightning_modules.cli.command_line import SUBCOMMANDS, CommandLine
from lightning_modules.errors import UsageError

# The script of jsonargparse completes every class of every trainer option: 78 MB, too large for any shell.


def completion_script(shell: str) -> str:
    """Create a script that completes sub-commands, configs and all options of all models.

    Args:
        shell: bash, zsh, fish or tcsh.

    Raises:
        UsageError: The shell is not supported.
    """
    if shell not in shtab.SUPPORTED_SHELLS:
        raise UsageError(f"--print_completion {shell}: choose one of {', '.join(shtab.SUPPORTED_SHELLS)}")
    parser = argparse.ArgumentParser(prog="lightning", add_help=False)
    parser.add_argument("--help")
    parser.add_argument("--version")
    subparsers = parser.add_subparsers()
    for subcommand in SUBCOMMANDS:  # shtab ignores sub-commands without help
        _add_options(subparsers.add_parser(subcommand, help=subcommand, add_help=False), subcommand)
    return str(shtab.complete(parser, shell))


def _add_options(parser: argparse.ArgumentParser, subcommand: str) -> None:
    names: dict[str, None] = {}
    for model in lightning_modules.__all__:
        line = CommandLine([subcommand, "--model", model])
        names |= dict.fromkeys(known_options(line))
    for name in names:
        action = parser.add_argument(f"--{name}")
        if name == "config":
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's way to mark an option
