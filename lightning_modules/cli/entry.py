"""Entry point of the ``lightning`` command; handles help, version and simple mistakes without importing PyTorch."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lightning_modules.cli.command_line import SUBCOMMANDS
from lightning_modules.cli.short_help import PROGRAM_HELP, subcommand_help
from lightning_modules.cli.suggestions import closest
from lightning_modules.errors import UsageError
from lightning_modules.openmp import let_threads_sleep
from lightning_modules.runs import known_configs
from lightning_modules.version import __version__

PROGRAM = "lightning"
FULL_HELP = "--help-all"
COMPLETION = "--print_completion"

_HELP = {"--help", "-h"}
_CONFIG = ("--config", "-c")
_SETS_MODEL = ("--config=", "--model")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``lightning`` command.

    Args:
        argv: The command line without the program's name; by default that of this process.

    Returns:
        Exit code: 0; 2 after a user error, explained on standard error; 143 after SIGTERM, 130 after Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        answer = quick_answer(arguments)
    except UsageError as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return 2
    if answer is not None:
        print(answer)
        return 0 if arguments else 2

    let_threads_sleep()
    from lightning_modules.cli.run import leave, run

    code = run(arguments)
    if argv is None:
        leave(code)
    return code


def quick_answer(arguments: Sequence[str]) -> str | None:
    """The response to a command line that does not need PyTorch, which takes seconds to import.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The text to print; None if the whole command is needed.

    Raises:
        UsageError: The sub-command does not exist, or no model is given.
    """
    if not arguments or arguments[0] in _HELP:
        return PROGRAM_HELP
    if arguments[0] == "--version":
        return f"{PROGRAM} of Landmark CartoonGAN {__version__}"
    first = arguments[0]
    if first in SUBCOMMANDS:
        has_model = any(each in _CONFIG or each.startswith(_SETS_MODEL) for each in arguments)
        if has_model or FULL_HELP in arguments:
            return None
        if _HELP.intersection(arguments):
            return subcommand_help(first)
        raise UsageError(
            f"{PROGRAM} {first} needs --config FILE, which defines the model\nthe project has {known_configs()}"
        )
    if not first.startswith("-"):
        suggestions = closest(first, SUBCOMMANDS)
        raise UsageError(
            f"{first}: no such sub-command"
            + (f"; did you mean {suggestions[0]}?" if suggestions else "")
            + f"\n{_CHOICES}"
        )
    return None


_CHOICES = f"sub-commands: {', '.join(SUBCOMMANDS)}; `{PROGRAM} --help` explains them"
