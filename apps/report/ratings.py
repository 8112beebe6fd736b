"""Ratings by people as metrics of the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.report.checkpoints import CheckpointState
from apps.report.runs import MeasuredRun
from datamodules.extras import needs_extra
from lightning_modules.figure import Figure


@dataclass(frozen=True)
class Ratings:
    """Ratings of tested checkpoints.

    Attributes:
        figures: Results by title of the run and key.
        raters: Sentences on the raters and their agreement; empty without results.
        warnings: Warnings about excluded ratings.
    """

    figures: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    raters: Sequence[str] = ()
    warnings: Sequence[str] = ()


def read_ratings(database: Path, runs: Sequence[MeasuredRun]) -> Ratings:
    """Read the ratings of runs from a file of ``cartoongan rate``.

    Raises:
        DataError: The file cannot be read.
    """
    from apps.rate.summary import describe_raters, rated_checkpoints, summarise

    with needs_extra("rate"):
        summary = summarise(database)
    digests = rated_checkpoints(database)
    figures, warnings = {}, []
    for title, of_run in summary.items():
        if reason := _exclusion_reason(title, digests[title], runs):
            warnings.append(f"the ratings of {title} in {database.name} are excluded: {reason}")
        else:
            figures[title] = {key: _figure(entry) for key, entry in of_run.items()}
    return Ratings(figures, describe_raters(database) if any(figures.values()) else (), warnings)


def _figure(entry: Mapping[str, Any]) -> Figure:
    interval = entry.get("interval")
    return Figure(**{**entry, "interval": tuple(interval) if interval else None})


def _exclusion_reason(title: str, digest: str, runs: Sequence[MeasuredRun]) -> str | None:
    """The reason why ratings cannot be assigned to a run; None if they can."""
    from apps.rate.gallery import digest_of

    called = [run for run in runs if run.title == title]
    if not called:
        return "it is not among the runs"
    if len(called) > 1:
        return "several runs have this name"
    (run,) = called
    if run.checkpoint_state is not CheckpointState.AS_TESTED:
        return f"it is unknown whether the tested checkpoint was rated: {run.checkpoint} {run.checkpoint_state}"
    return None if digest_of(run.checkpoint) == digest else f"another checkpoint than {run.checkpoint} was rated"
