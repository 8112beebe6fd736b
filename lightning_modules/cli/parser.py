"""A parser with error messages of at most three lines."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from lightning_modules.errors import UsageError

_SCAFFOLDING = re.compile(
    r"Does not validate|Subtypes:|Errors:|Given value type:|Expected a <class 'NoneType'>|Parser key "
)
_HINT = "options: `lightning fit --help`; those of a config's model and data: `lightning fit --config FILE --help`"
_UNKNOWN = re.compile(r"unrecognized arguments: --(?P<option>[\w.-]+)|(?P<key>[\w.]+): no such option")


class UnknownOptionError(UsageError):
    """There is no such option.

    Attributes:
        option: Its name without dashes, such as ``data.batch_sise``.
    """

    def __init__(self, message: str, option: str) -> None:
        super().__init__(message)
        self.option = option


class ShortErrorParser(LightningArgumentParser):
    """Rejects abbreviated options, and raises ``UsageError`` instead of printing the usage."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, allow_abbrev=False, **kwargs)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise an error with the gist of a jsonargparse message."""
        text = gist(message)
        if unknown := _UNKNOWN.match(text):
            raise UnknownOptionError(text, unknown["option"] or unknown["key"]) from ex
        raise UsageError(text) from ex


def gist(message: str) -> str:
    """Shorten a jsonargparse error to the key, the problem and the value, with a hint where the options are listed.

    jsonargparse reports every member of every union that it tried, over dozens of lines.
    """
    lines = [line.strip(" -") for line in message.splitlines() if line.strip() and line.strip(" -") != _HINT]
    keys = re.findall(r'Parser key "([^"]+)"', message)
    value = next((line.removeprefix("Given value: ") for line in lines if line.startswith("Given value: ")), None)
    problems = [line for line in lines if not _SCAFFOLDING.match(line) and not line.startswith("Given value: ")]
    problem = re.sub(r"<class '([\w.]+)'>", r"\1", " ".join(problems[:2])).replace("typing.Literal", "one of ")
    if unknown := re.match(r"Option '(\S+)' is not accepted", problem):
        keys.append(unknown[1])
        problem = "no such option"
    elif nested := re.match(r"([\w.]+): (.*)", problem):  # the gist of an inner parser
        keys.append(nested[1])
        problem = nested[2]
    if value is not None and re.fullmatch(r"Expected an? \w+", problem):
        problem += f". Got value: {value}"
    return ": ".join(part for part in (".".join(keys), problem) if part) + f"\n{_HINT}"
