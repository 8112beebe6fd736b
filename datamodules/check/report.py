"""What a check found: counts beside the published ones, errors and notes, and their JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from datamodules.atomic import write_whole
from datamodules.datasets.annotations import Problem
from datamodules.datasets.registry import DataSet


class Severity(StrEnum):
    """An error is a broken file or line; a note is worth knowing."""

    ERROR = "error"
    NOTE = "note"


Fault = tuple[Severity, str]
"""What is wrong with a line, and how badly."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        severity: Whether it is broken.
        path: The file or folder.
        line: Number of the line in that file, counted from 1, or None where it concerns the whole file.
        message: What is wrong with it.
    """

    severity: Severity
    path: Path
    line: int | None
    message: str

    def __str__(self) -> str:
        where = f"{self.path}, line {self.line}" if self.line is not None else str(self.path)
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Count:
    """How many of something there are, beside how many were published."""

    split: str
    unit: str
    found: int
    published: int


@dataclass
class SetReport:
    """What was found in one data set; its check fills it in.

    Attributes:
        data_set: The set.
        folder: Where it lies or should lie.
        present: Whether the folder is there.
        counts: Numbers of images and annotations by split.
        findings: Errors and notes in the order in which they were found.
    """

    data_set: DataSet
    folder: Path
    present: bool
    counts: list[Count] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """What is broken."""
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]

    @property
    def notes(self) -> list[Finding]:
        """What is worth knowing."""
        return [finding for finding in self.findings if finding.severity is Severity.NOTE]

    def error(self, path: Path, message: str, line: int | None = None) -> None:
        """Add something broken."""
        self.findings.append(Finding(Severity.ERROR, path, line, message))

    def note(self, path: Path, message: str, line: int | None = None) -> None:
        """Add something worth knowing."""
        self.findings.append(Finding(Severity.NOTE, path, line, message))

    def fault(self, path: Path, fault: Fault | None, line: int) -> None:
        """Add what is wrong with a line, where anything is."""
        if fault is not None:
            self.findings.append(Finding(fault[0], path, line, fault[1]))

    def problems(self, path: Path, problems: list[Problem]) -> None:
        """Add the lines of an annotation file that could not be read."""
        for problem in problems:
            self.error(path, problem.message, problem.line)

    def count(self, split: str, unit: str, found: int, published: int) -> None:
        """Add a count, and a note where it is not the published one."""
        self.counts.append(Count(split, unit, found, published))
        if found != published:
            self.note(self.folder, f"{split}: {found:,} {unit}, published are {published:,}")


@dataclass(frozen=True)
class CheckReport:
    """What was found below a data root.

    Attributes:
        root: The data root.
        sets: One report for each set.
    """

    root: Path
    sets: tuple[SetReport, ...]

    @property
    def is_broken(self) -> bool:
        """Whether any file or line is broken, or a set that was named is missing."""
        return any(report.errors for report in self.sets)

    def to_json(self) -> str:
        """Everything that was found, as JSON."""
        document = {
            "root": str(self.root),
            "ok": not self.is_broken,
            "sets": [
                {
                    "name": report.data_set.name,
                    "folder": str(report.folder),
                    "present": report.present,
                    "counts": [vars(count) for count in report.counts],
                    "errors": [_finding_fields(finding) for finding in report.errors],
                    "notes": [_finding_fields(finding) for finding in report.notes],
                }
                for report in self.sets
            ],
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def save(self, path: Path) -> None:
        """Write the JSON; the file is either whole or as it was before.

        Raises:
            DataError: The file cannot be written.
        """
        write_whole(path, self.to_json())


def _finding_fields(finding: Finding) -> dict[str, str | int | None]:
    return {"file": str(finding.path), "line": finding.line, "message": finding.message}
