"""Annotation files: lines in, rows and the problems of single lines out.

Every parser of an official list returns what it could read *and* what it could not, so that a data set can stop at the
first problem while ``cartoongan data check`` collects them all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules.errors import DataError


@dataclass(frozen=True)
class Problem:
    """What is wrong with one line of an annotation file.

    Attributes:
        line: Number of the line, counted from 1.
        message: What was expected and what was found.
    """

    line: int
    message: str


def read_lines(path: Path, hint: str) -> list[str]:
    """The lines of a text file without their ends, be those LF or CRLF; bytes that are no UTF-8 become U+FFFD.

    Args:
        path: The file.
        hint: What to tell someone whose file is not there.

    Raises:
        DataError: The file is missing or cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except FileNotFoundError as error:
        raise DataError(f"no such file: {path}; {hint}") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error


def raise_first(path: Path, problems: Sequence[Problem]) -> None:
    """Stop at the first problem, if there is one.

    Raises:
        DataError: There is a problem; the message names file, line, and how many more there are.
    """
    if problems:
        first = min(problems, key=lambda problem: problem.line)
        more = f" ({len(problems) - 1} more; `cartoongan data check` lists them)" if len(problems) > 1 else ""
        raise DataError(f"{path}, line {first.line}: {first.message}{more}")


def parse_finite(words: Sequence[str]) -> list[float] | None:
    """The words as numbers, or None where one of them is no finite number."""
    try:
        values = [float(word) for word in words]
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None
