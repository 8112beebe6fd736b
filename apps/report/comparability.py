"""Checks whether rows are comparable: test data, judges and length of training."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from apps.report.checkpoints import CheckpointState
from apps.report.rows import Row
from apps.report.runs import MeasuredRun, Value

_TESTED_ON = {
    "photos": "photos",
    "cartoons": "cartoons",
    "split": "parts of the data",
    "image_size": "image sizes",
    "photo_count": "numbers of photos",
    "cartoon_count": "numbers of cartoons",
    "index": "hair indices",
    "labels": "label files",
    "background": "backgrounds of the photos",
}

_UNRECORDED = {"background": "keep"}
"""Values of options that older tests do not record."""

_SETUP: Mapping[str, Callable[[MeasuredRun], Value]] = {
    "devices": lambda run: run.device,
    "batch sizes": lambda run: run.data.get("batch_size"),
    "precisions": lambda run: run.precision,
}


def different_data(rows: Sequence[Row]) -> list[str]:
    """Warnings that the rows were tested on different images, so that none can be called the best."""
    return [
        f"not comparable: tested on different {what}: {values}"
        for key, what in _TESTED_ON.items()
        if (values := _differing(rows, lambda run, key=key: _text(run.data.get(key), _UNRECORDED.get(key, "none"))))  # type: ignore[misc]
    ]


def different_setups(rows: Sequence[Row]) -> dict[str, str]:
    """Differences in the test set-up that affect speed and memory: by name, the values and their rows.

    A value that only some runs have recorded counts as a difference.
    """
    found = {
        what: _differing(rows, lambda run, read=read: _text(read(run), "not recorded"))  # type: ignore[misc]
        for what, read in _SETUP.items()
    }
    return {what: values for what, values in found.items() if values}


def other_differences(rows: Sequence[Row]) -> list[str]:
    """Warnings about other differences: judges, training budget, checkpoints, machines, outdated tests."""
    kinds = list(dict.fromkeys(kind for row in rows for run in row.runs for kind in run.judges))
    aspects: dict[str, Callable[[MeasuredRun], str | None]] = {
        "tested on data in different folders": lambda run: _text(run.data.get("root")),
        "trained for different numbers of steps": lambda run: f"{trained_steps(run):,}",
        "tested at different kinds of checkpoints": lambda run: run.checkpoint.name,
    }
    for kind in kinds:
        aspects[f"judged by different networks, {kind}"] = lambda run, kind=kind: _judge(run, kind)  # type: ignore[misc]
    warnings = [f"{what}: {values}" for what, read in aspects.items() if (values := _differing(rows, read))]
    warnings += [f"tested with different {what}: {values}" for what, values in different_setups(rows).items()]
    outdated = [run for row in rows for run in row.runs if run.checkpoint_state is CheckpointState.ANOTHER]
    return warnings + [f"{run.title} was trained further since its test; test it again" for run in outdated]


def trained_steps(run: MeasuredRun) -> int:
    """Number of training steps of a run, at least that of the tested checkpoint."""
    return max([run.step, *(step + 1 for step in _logged_steps(run.home / "metrics.csv"))])


def _logged_steps(path: Path) -> Iterable[int]:
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            for record in csv.DictReader(file):
                if (record.get("step") or "").isdigit():
                    yield int(record["step"])


def _differing(rows: Sequence[Row], read: Callable[[MeasuredRun], str | None]) -> str:
    """Each value with its rows; empty if all runs with a value have the same."""
    titles: dict[str, list[str]] = {}
    for row in rows:
        for run in row.runs:
            if (value := read(run)) is not None:
                titles.setdefault(value, []).append(row.title)
    if len(titles) < 2:
        return ""
    return "; ".join(f"{value} ({', '.join(dict.fromkeys(of_value))})" for value, of_value in titles.items())


def _judge(run: MeasuredRun, kind: str) -> str | None:
    return run.judges[kind].name if kind in run.judges else None


def _text(value: Value, unknown: str = "none") -> str:
    return unknown if value is None else str(value)
