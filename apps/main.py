"""The ``cartoongan`` command: the front door for everything that is not a Trainer run."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from apps.ablation.command import ablation
from apps.bench.command import bench_app
from apps.cartoonize.command import cartoonize
from apps.data.command import data_app
from apps.demo import demo
from apps.detect import detect
from apps.detector.command import detector_app
from apps.export import export
from apps.figures import figures
from apps.rate.command import rate_app
from apps.report.command import report
from apps.sample_data import sample_data
from datamodules.errors import DataError

app = typer.Typer(
    name="cartoongan",
    help="Photos of faces to cartoon faces. Training and testing is the `lightning` command's; the rest is here.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(bench_app, name="bench")
app.add_typer(detector_app, name="detector")
app.add_typer(rate_app, name="rate")
app.command("ablation")(ablation)
app.command("cartoonize")(cartoonize)
app.command("demo")(demo)
app.command("detect")(detect)
app.command("export")(export)
app.command("figures")(figures)
app.command("report")(report)
app.command("sample-data")(sample_data)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``cartoongan`` command.

    Args:
        argv: Words of the command line without the program's name; by default those of this process.

    Returns:
        Exit code: 0, or 2 after an error that was explained on standard error.
    """
    try:
        app(args=None if argv is None else list(argv))
    except SystemExit as stop:  # typer's way to return, also after it explained a wrong option
        return stop.code if isinstance(stop.code, int) else 0
    except DataError as error:
        print(f"cartoongan: error: {error}", file=sys.stderr)
        return 2
    return 0
