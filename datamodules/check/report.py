"""Results of a check: counts compared with the published ones, errors and notes, and their JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from datamodules.atomic import write_whole
from datamodules.datasets.annotations import Problem
from datamodules.datasets.registry import DataSet


class Severity(StrEnum):
    """An error is a broken file or line; a note is information."""

    ERROR = "error"
    NOTE = "note"


Fault = tuple[Severity, str]
"""Severity and description of a fault in a line."""


@dataclass(frozen=True)
class Finding:
    """An error or note.

    Attributes:
        severity: Error or note.
        path: The file or folder.
        line: Line number in that file, starting at 1, or None if it concerns the whole file.
        message: The description.
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
    """The number of images or annotations of a split, and the published number."""

    split: str
    unit: str
    found: int
    published: int


@dataclass
class SetReport:
    """Report on one data set, filled in by its check.

    Attributes:
        data_set: The set.
        folder: Its expected folder.
        present: Whether the folder exists.
        counts: Numbers of images and annotations by split.
        findings: Errors and notes, in order of discovery.
    """

    data_set: DataSet
    folder: Path
    present: bool
    counts: list[Count] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """The errors among the findings."""
        return [finding for finding in self.findings if finding.severity is Severity.ERROR]

    @property
    def notes(self) -> list[Finding]:
        """The notes among the findings."""
        return [finding for finding in self.findings if finding.severity is Severity.NOTE]

    def error(self, path: Path, message: str, line: int | None = None) -> None:
        """Add an error."""
        self.findings.append(Finding(Severity.ERROR, path, line, message))

    def note(self, path: Path, message: str, line: int | None = None) -> None:
        """Add a note."""
        self.findings.append(Finding(Severity.NOTE, path, line, message))

    def fault(self, path: Path, fault: Fault | None, line: int) -> None:
        """Add the fault of a line, if there is one."""
        if fault is not None:
            self.findings.append(Finding(fault[0], path, line, fault[1]))

    def problems(self, path: Path, problems: list[Problem]) -> None:
        """Add the malformed lines of an annotation file as errors."""
        for problem in problems:
            self.error(path, problem.message, problem.line)

    def count(self, split: str, unit: str, found: int, published: int) -> None:
        """Add a count, and a note if it differs from the published one."""
        self.counts.append(Count(split, unit, found, published))
        if found != published:
            self.note(self.folder, f"{split}: {found:,} {unit}, the published set has {published:,}")


@dataclass(frozen=True)
class CheckReport:
    """Report on all data sets below a data root.

    Attributes:
        root: The data root.
        sets: One report per set.
    """

    root: Path
    sets: tuple[SetReport, ...]

    @property
    def is_broken(self) -> bool:
        """Whether there is any error, including an explicitly named set that is missing."""
        return any(report.errors for report in self.sets)

    def to_json(self) -> str:
        """All counts and findings as JSON."""
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
        """Write the JSON atomically.

        Raises:
            DataError: The file cannot be written.
        """
        write_whole(path, self.to_json())


def _finding_fields(finding: Finding) -> dict[str, str | int | None]:
    return {"file": str(finding.path), "line": finding.line, "message": finding.message}
