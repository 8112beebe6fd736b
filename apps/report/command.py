"""``cartoongan report``: compare runs, as a page and as tables."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.options import MovedRootOption
from datamodules.errors import DataError

if TYPE_CHECKING:
    from apps.report.pictures import Gallery
    from apps.report.rows import Row

FACES, WORST = 8, 4
"""Default numbers of photos translated by all runs, and of worst cases of each kind."""


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Tested runs, or folders of runs.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of report.html, table.md, table.tex and table.csv.")],
    ratings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of `cartoongan rate`; its ratings become columns.")
    ] = None,
    faces: Annotated[int, typer.Option(min=0, help="Number of photos translated by all runs.")] = FACES,
    worst: Annotated[int, typer.Option(min=0, help="Number of worst cases per run, by landmarks and by hair.")] = WORST,
    root: MovedRootOption = None,
) -> None:
    """Compare tested runs: metrics, faces, worst cases, training curves, commands.

    Runs that differ only in the seed are merged into one row, with mean and standard deviation. Metrics are read from
    the output of `lightning test`. The page is a single file. It shows test photos: check their terms of use before
    you share it.
    """
    write_report(runs, out, ratings, faces, worst, root)


def write_report(
    paths: Sequence[Path],
    out: Path,
    ratings: Path | None = None,
    faces: int = FACES,
    worst: int = WORST,
    root: Path | None = None,
) -> None:
    """Write the page and the tables; differences that affect comparability are printed to standard error.

    Args:
        paths: Tested runs, or folders of runs.
        out: Folder of the four files; created if missing.
        ratings: File of ``cartoongan rate``.
        faces: Number of photos translated by all runs.
        worst: Number of worst cases per run and kind.
        root: Folder of the data sets; None for that of each run's test.

    Raises:
        DataError: A run was not tested, something is damaged, or the files cannot be written.
    """
    from apps.report.comparability import different_data, different_setups, other_differences
    from apps.report.curves import draw_curves
    from apps.report.formats import as_csv, as_latex, as_markdown
    from apps.report.legend import legend_of
    from apps.report.page import render_page
    from apps.report.ratings import Ratings, read_ratings
    from apps.report.rows import rows_of
    from apps.report.runs import find_runs, untested_homes
    from apps.report.table import ON_THE_MACHINE, build_table
    from datamodules.atomic import write_whole

    found = find_runs(paths)
    untested = [
        f"{home.parent.name}/{home.name} was not tested" for path in paths for home in untested_homes(path.expanduser())
    ]
    rows, left_out = rows_of(found)
    rated = read_ratings(ratings, found) if ratings else Ratings()
    incomparable, setups = different_data(rows), different_setups(rows)
    gallery, without_pictures = _gallery(rows, faces, worst, root)
    reason = f"the tests' {' and '.join(setups)} differ"
    unranked = dict.fromkeys(ON_THE_MACHINE, reason) if setups else {}
    table = build_table(rows, rated.figures, not incomparable, unranked)
    warnings = [*incomparable, *other_differences(rows), *untested, *left_out, *rated.warnings, *without_pictures]
    legend = legend_of(table, warnings, rated.raters)
    command = _command(paths, out, ratings, faces, worst, root)
    files = {
        "report.html": render_page(table, legend, draw_curves(rows), gallery, command),
        "table.md": as_markdown(table, legend),
        "table.tex": as_latex(table, legend),
        "table.csv": as_csv(table),
    }
    for name, content in files.items():
        write_whole(out / name, content)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"report: {out / 'report.html'}; table.md, table.tex and table.csv in the same folder")


def _gallery(rows: Sequence[Row], faces: int, worst: int, root: Path | None) -> tuple[Gallery | None, list[str]]:
    """The pictures, if any, and warnings about missing ones."""
    from apps.report.pictures import draw_gallery, open_runs

    if not faces and not worst:
        return None, []
    opened, warnings = open_runs([run for row in rows for run in row.runs], root)
    try:
        return (draw_gallery(opened, faces, worst) if opened else None), warnings
    except DataError as error:
        return None, [*warnings, f"no pictures: {error}"]


def _command(paths: Sequence[Path], out: Path, ratings: Path | None, faces: int, worst: int, root: Path | None) -> str:
    """The command line for the same report."""
    data = ["--root", str(root)] if root else []
    rated = ["--ratings", str(ratings)] if ratings else []
    counts = ["--faces", str(faces), "--worst", str(worst)]
    return shlex.join(["cartoongan", "report", *map(str, paths), "--out", str(out), *rated, *counts, *data])
