"""People's ratings of the runs, as figures."""

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
    """Ratings of checkpoints that were tested too.

    Attributes:
        figures: By title of the run and key.
        raters: Sentences on the people and how far they agree; none if there are no figures.
        warnings: Of ratings that are left out.
    """

    figures: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    raters: Sequence[str] = ()
    warnings: Sequence[str] = ()


def read_ratings(database: Path, runs: Sequence[MeasuredRun]) -> Ratings:
    """The ratings of runs in a database of ``cartoongan rate``.

    Raises:
        DataError: The database cannot be read.
    """
    from apps.rate.summary import describe_raters, rated_checkpoints, summarise

    with needs_extra("rate"):
        summary = summarise(database)
    digests = rated_checkpoints(database)
    figures, warnings = {}, []
    for title, of_run in summary.items():
        if trouble := _trouble(title, digests[title], runs):
            warnings.append(f"the ratings of {title} in {database.name} are left out: {trouble}")
        else:
            figures[title] = {key: _figure(entry) for key, entry in of_run.items()}
    return Ratings(figures, describe_raters(database) if any(figures.values()) else (), warnings)


def _figure(entry: Mapping[str, Any]) -> Figure:
    interval = entry.get("interval")
    return Figure(**{**entry, "interval": tuple(interval) if interval else None})


def _trouble(title: str, digest: str, runs: Sequence[MeasuredRun]) -> str | None:
    """Why ratings belong to none of the runs, or to none for certain."""
    from apps.rate.gallery import digest_of

    called = [run for run in runs if run.title == title]
    if not called:
        return "it is not among the runs"
    if len(called) > 1:
        return "several runs are called that"
    (run,) = called
    if run.checkpoint_state is not CheckpointState.AS_TESTED:
        return f"whether people rated what was tested cannot be told, since {run.checkpoint} {run.checkpoint_state}"
    return None if digest_of(run.checkpoint) == digest else f"people rated another checkpoint than {run.checkpoint}"
