"""The ``cartoongan`` command, for everything except training, testing and prediction with Lightning."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

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
from apps.groups import groups
from apps.options import RUNTIME_COMMAND
from apps.page.command import page
from apps.rate.command import rate_app
from apps.report.command import report
from apps.sample_data import sample_data
from apps.serve.command import serve
from apps.weights import weights_app
from datamodules.errors import DataError
from lightning_modules.openmp import let_threads_sleep
from lightning_modules.version import __version__


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"cartoongan of Landmark CartoonGAN {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="cartoongan",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(bench_app, name="bench")
app.add_typer(detector_app, name="detector")
app.add_typer(rate_app, name="rate")
app.add_typer(weights_app, name="weights")
app.command("ablation")(ablation)
app.command("cartoonize", **RUNTIME_COMMAND)(cartoonize)
app.command("demo")(demo)
app.command("detect")(detect)
app.command("export")(export)
app.command("figures")(figures)
app.command("groups")(groups)
app.command("page")(page)
app.command("report")(report)
app.command("sample-data")(sample_data)
app.command("serve", **RUNTIME_COMMAND)(serve)


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Turn photos of faces into cartoons. To train and test models, use the `lightning` command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``cartoongan`` command.

    Args:
        argv: The command line without the program's name; by default that of this process.

    Returns:
        Exit code: 0, or 2 after an error, explained on standard error.
    """
    let_threads_sleep()
    try:
        app(args=None if argv is None else list(argv))
    except SystemExit as stop:  # typer always exits this way
        return stop.code if isinstance(stop.code, int) else 0
    except DataError as error:
        print(f"cartoongan: error: {error}", file=sys.stderr)
        return 2
    return 0
