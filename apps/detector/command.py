"""``cartoongan detector`` and its subcommands: train, import and evaluate the weights of ``cartoongan detect``."""

from __future__ import annotations

import typer

from apps.detector.eval import eval_detectors
from apps.detector.figure import draw_figure
from apps.detector.import_weights import import_detector
from apps.detector.judge import make_judge
from apps.detector.train import train

detector_app = typer.Typer(help="The face and landmark detector.", no_args_is_help=True)
detector_app.command("train")(train)
detector_app.command("eval")(eval_detectors)
detector_app.command("figure")(draw_figure)
detector_app.command("judge")(make_judge)
detector_app.command("import")(import_detector)
