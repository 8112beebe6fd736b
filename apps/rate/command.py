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
        typer.Option(metavar="RUN", help="A run, or a folder of runs. Repeatable. A file that exists needs none."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ratings and pictures, *.sqlite; an existing file continues.")
    ] = None,
    photos: Annotated[
        int | None, typer.Option(min=1, help="Number of photos, evenly spread over the test part (default: 20).")
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="Score each cartoon on three scales, or choose the better of two.")
    ] = Mode.SCORES,
    root: MovedRootOption = None,
    checkpoint: Annotated[
        Checkpoint,
        typer.Option(help="Which checkpoint of each run; `cartoongan report` shows ratings of the tested one."),
    ] = Checkpoint.BEST,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is open to other machines.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8000,
) -> None:
    """Serve a page on which people rate the runs' cartoons of the same photos, shuffled and unnamed.

    Each run's cartoons are drawn once and kept in FILE with the ratings: whoever gets FILE gets the photos. Both modes
    may use the same FILE. `cartoongan rate report FILE` prints the results.
    """
    if context.invoked_subcommand is not None:
        if runs or out or photos or root:
            raise typer.BadParameter(
                f"give it without these options: cartoongan rate {context.invoked_subcommand} FILE"
            )
        return
    if out is None:
        raise typer.BadParameter("name the file of ratings, a new one or one that goes on.", param_hint="--out")
    with needs_extra("rate"):
        from apps.rate.preparation import prepare
        from apps.rate.server import serve
        from apps.rate.store import Store

    prepare(out, runs or [], photos, root, checkpoint)
    with Store(out) as store:
        if store.count(mode) == 0:
            raise DataError(f"--mode {mode}: {out} holds one run only; there is nothing to compare")
        print(f"{len(store.variants)} runs, {len(store.photo_names)} photos, {store.count(mode)} items: {out}")
        serve(store, mode, host, port)
    print(f"ratings: {out}; `cartoongan rate report {out}` says what people said")


@rate_app.command("report")
def report(
    database: Annotated[Path, typer.Argument(metavar="FILE", help="File of `cartoongan rate`; it may be in use.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print mean scores and preferences of each run with 95 % confidence intervals, and how far people agree."""
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
