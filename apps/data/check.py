"""``cartoongan data check``: compare the data sets with their published counts, and find broken files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.data.any_set import set_or_folder
from apps.data.set_names import SET_NAMES
from apps.options import RootOption

if TYPE_CHECKING:
    from rich.table import Table

    from datamodules.check import CheckReport, SetReport
    from datamodules.samples import Domain

SHOWN_FINDINGS = 20
"""Maximum number of errors, and of notes, printed per set; the JSON has all."""


def check_data(
    root: RootOption = Path("data"),
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME", help=f"Check only this set, which must exist: a folder, or {SET_NAMES}."),
    ] = None,
    labels: Annotated[Path | None, typer.Option(metavar="FILE", help="Also check a csv of --data.labels.")] = None,
    photos: Annotated[str, typer.Option(help="Photos of the labels, as in --data.photos.")] = "celeba",
    cartoons: Annotated[str, typer.Option(help="Cartoons of the labels, as in --data.cartoons.")] = "cartoonset10k",
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all counts, errors and notes as JSON.")
    ] = None,
) -> None:
    """Compare the data sets with their published counts, and list every broken file and line.

    The exit code is 1 if anything is broken.
    """
    from rich.console import Console

    from datamodules.check import check, check_labels

    report = check(root, [set_or_folder(name, root) for name in sets] if sets else None, progress=True)
    if labels is not None:
        names: dict[Domain, set[str]] = {
            "photo": _names(root, photos, "photo"),
            "cartoon": _names(root, cartoons, "cartoon"),
        }
        report = replace(report, sets=(*report.sets, check_labels(labels, names)))
    if json is not None:
        report.save(json)
    console = Console(soft_wrap=True, markup=False, highlight=False)
    console.print(_draw_table(report))
    for line in _describe_findings(report):
        console.print(line)
    if report.is_broken:
        raise typer.Exit(1)


def _names(root: Path, folders: str, domain: Domain) -> set[str]:
    """The face names of a domain in all splits, as in training."""
    from datamodules.datasets.joined import join, set_folders
    from datamodules.datasets.registry import open_faces
    from datamodules.samples import SPLITS

    places = set_folders(root, folders, f"--{domain}s")
    return {
        name
        for split in SPLITS
        for name in join({each.called: open_faces(each.path, domain, split) for each in places}).names
    }


def _draw_table(report: CheckReport) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("set", "split", "what"):
        table.add_column(heading)
    for heading in ("found", "published", "errors", "notes"):
        table.add_column(heading, justify="right")
    for found in report.sets:
        for row in _draw_rows(found):
            table.add_row(*row)
    return table


def _draw_rows(report: SetReport) -> Iterator[tuple[str, ...]]:
    """The rows of a set; the first has its name and the numbers of errors and notes."""
    ends = (f"{len(report.errors):,}", f"{len(report.notes):,}")
    if not report.counts:
        yield (report.data_set.name, "", "not there", "", "", *ends)
    for position, count in enumerate(report.counts):
        name, numbers = (report.data_set.name, ends) if position == 0 else ("", ("", ""))
        yield (name, count.split, count.unit, f"{count.found:,}", f"{count.published:,}", *numbers)


def _describe_findings(report: CheckReport) -> Iterator[str]:
    for found in report.sets:
        for findings in (found.errors, found.notes):
            yield from (f"{finding.severity}: {finding}" for finding in findings[:SHOWN_FINDINGS])
            if len(findings) > SHOWN_FINDINGS:
                more = len(findings) - SHOWN_FINDINGS
                yield f"{findings[0].severity}: {more:,} more in {found.folder}; --json FILE lists all"
    count = sum(len(found.errors) for found in report.sets)
    if not any(found.present for found in report.sets):
        yield f"no data set in {report.root}"
    else:
        yield f"{count:,} errors" if count else "nothing is broken"
