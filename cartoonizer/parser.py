"""A command-line parser that suggests corrections for misspelled options."""

from __future__ import annotations

import argparse
import re
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
