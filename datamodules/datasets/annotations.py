"""Parsing of annotation files, with per-line error reporting.

Parsers of official lists return both the valid rows and the problems, so that a data set can stop at the first problem
while ``cartoongan data check`` reports all of them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules.errors import DataError


@dataclass(frozen=True)
class Problem:
    """A malformed line of an annotation file.

    Attributes:
        line: Line number, starting at 1.
        message: What was expected and what was found.
    """

    line: int
    message: str


def read_csv_rows(path: Path, columns: Sequence[str], hint: str) -> list[tuple[int, list[str]]]:
    """The rows of a csv with a given header, each with its line number, starting at 1.

    Args:
        path: The file.
        columns: Its header.
        hint: Hint for the error message if the file is missing.

    Raises:
        DataError: The file is missing, cannot be read, or has another header.
    """
    header, *rows = list(csv.reader(read_lines(path, hint))) or [[]]
    if header != list(columns):
        raise DataError(f"{path}, line 1: the columns are {','.join(header)}, expected {','.join(columns)}")
    return list(enumerate(rows, start=2))


def read_lines(path: Path, hint: str) -> list[str]:
    """The lines of a text file, without LF or CRLF; invalid UTF-8 bytes become U+FFFD.

    Args:
        path: The file.
        hint: Hint for the error message if the file is missing.

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
    """Raise an error for the first problem, if any.

    Raises:
        DataError: There is a problem; the message has the file, the line and the number of further problems.
    """
    if problems:
        first = min(problems, key=lambda problem: problem.line)
        more = f" ({len(problems) - 1} more; `cartoongan data check` lists them)" if len(problems) > 1 else ""
        raise DataError(f"{path}, line {first.line}: {first.message}{more}")


def parse_finite(words: Sequence[str]) -> list[float] | None:
    """Parse words as numbers; None unless all are finite."""
    try:
        values = [float(word) for word in words]
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None
