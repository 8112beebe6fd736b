"""``cartoongan rate`` serves the rating page, ``cartoongan rate report`` prints the results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.options import MovedRootOption
from apps.rate.questions import Mode
from apps.trained_run import Checkpoint
from datamodules.errors import DataError
from datamodules.extras import needs_extra

rate_app = typer.Typer()


@rate_app.callback(invoke_without_command=True)
def rate(
    context: typer.Context,
    runs: Annotated[
        list[Path] | None,
        typer.Option(metavar="RUN", help="A run, or a folder of runs. Repeatable. Not needed for an existing file."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File of ratings and pictures, *.sqlite; an existing one is continued."),
    ] = None,
    photos: Annotated[
        int | None, typer.Option(min=1, help="Number of photos, evenly spread over the test split (default: 20).")
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="Score each cartoon on three scales, or choose the better of two.")
    ] = Mode.SCORES,
    root: MovedRootOption = None,
    checkpoint: Annotated[
        Checkpoint,
        typer.Option(help="Checkpoint of each run; `cartoongan report` shows the ratings of the tested one."),
    ] = Checkpoint.BEST,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is open to other machines.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8000,
) -> None:
    """Serve a page on which people rate the runs' cartoons of the same photos, shuffled and unnamed.

    Each run's cartoons are generated once and stored in FILE, with the photos and the ratings. Both modes may use the
    same FILE. `cartoongan rate report FILE` prints the results.
    """
    if context.invoked_subcommand is not None:
        if runs or out or photos or root:
            raise typer.BadParameter(
                f"give it without these options: cartoongan rate {context.invoked_subcommand} FILE"
            )
        return
    if out is None:
        raise typer.BadParameter("give the file of ratings, a new or an existing one.", param_hint="--out")
    with needs_extra("rate"):
        from apps.rate.preparation import prepare
        from apps.rate.server import serve
        from apps.rate.store import Store

    prepare(out, runs or [], photos, root, checkpoint)
    with Store(out) as store:
        if store.count(mode) == 0:
            raise DataError(f"--mode {mode}: {out} has only one run; there is nothing to compare")
        print(f"{len(store.variants)} runs, {len(store.photo_names)} photos, {store.count(mode)} items: {out}")
        serve(store, mode, host, port)
    print(f"ratings: {out}; `cartoongan rate report {out}` prints the results")


@rate_app.command("report")
def report(
    database: Annotated[Path, typer.Argument(metavar="FILE", help="File of `cartoongan rate`; it may be in use.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print mean scores and preferences of each run with 95 % confidence intervals, and the agreement of raters."""
    from apps.rate.report import Report

    with needs_extra("rate"):
        found = Report.read(database)
    if json:
        import json as codec

        print(codec.dumps(found.as_json(), indent=1))
        return
    from rich.console import Console

    from apps.rate.console import render

    console = Console(soft_wrap=True, markup=False, highlight=False)
    for part in render(found):
        console.print(part)
