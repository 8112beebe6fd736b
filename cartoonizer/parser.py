"""A command-line parser that suggests corrections for misspelled options, and numbers within bounds."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import NoReturn


class SuggestingParser(argparse.ArgumentParser):
    """Rejects abbreviated options, and suggests corrections: ``--hiar grey`` gives ``did you mean --hair?``."""

    def __init__(self, prog: str, description: str) -> None:
        form = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, description=description, formatter_class=form, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Print the error and exit."""
        unknown = re.match(r"unrecognized arguments: .*?(--[\w-]+)", message)
        meant = get_close_matches(unknown[1], self._option_string_actions, n=1) if unknown else []
        super().error(message + "".join(f"; did you mean {option}?" for option in meant))


def between(minimum: int, maximum: int) -> Callable[[str], int]:
    """Parser of a whole number within bounds."""

    def read(text: str) -> int:
        is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(maximum))
        if not (is_number and minimum <= int(text) <= maximum):
            raise argparse.ArgumentTypeError(f"expected a number from {minimum} to {maximum}, got {text!r}")
        return int(text)

    return read
