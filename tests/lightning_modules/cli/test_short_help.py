from __future__ import annotations

import pytest

from lightning_modules.cli.class_options import known_options
from lightning_modules.cli.command_line import SUBCOMMANDS, CommandLine
from lightning_modules.cli.short_help import PROGRAM_HELP, shown_options, subcommand_help


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_every_option_of_the_short_help_exists(subcommand: str) -> None:
    line = CommandLine([subcommand, "--config", "configs/cyclegan_cond.yaml"])
    assert set(shown_options(subcommand)) <= set(known_options(line))


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_the_short_help_fits_a_screen(subcommand: str) -> None:
    lines = subcommand_help(subcommand).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 120
    assert f"lightning {subcommand} --help-all" in lines[-1]


def test_the_help_explains_every_sub_command() -> None:
    explained = [line.split()[0] for line in PROGRAM_HELP.splitlines() if line.startswith("  ")]
    assert explained[:4] == list(SUBCOMMANDS)
