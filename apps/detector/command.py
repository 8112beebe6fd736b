"""``cartoongan detector``: the weights that `cartoongan detect` works with, and how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.detector.eval import eval_detectors
from apps.detector.figure import draw_figure
from apps.detector.judge import make_judge
from apps.detector.train import train
from datamodules.errors import DataError

detector_app = typer.Typer(help="The face and landmark detector.", no_args_is_help=True)
detector_app.command("train")(train)
detector_app.command("eval")(eval_detectors)
detector_app.command("figure")(draw_figure)
detector_app.command("judge")(make_judge)


@detector_app.command("import")
def import_detector(
    folder: Annotated[
        Path,
        typer.Option("--from", metavar="DIR", help="Holds pnet.pt, rnet.pt, onet.pt: facenet_pytorch/data, for one."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File of weights to write, *.safetensors.")],
) -> None:
    """Turn the weights of the facenet-pytorch package into ours: one file that cannot carry code.

    Get that package with `pip install --no-deps facenet-pytorch`: the versions that it asks for are outdated.
    """
    from networks.mtcnn import WeightsError, import_facenet, save_weights

    try:
        nets, card = import_facenet(folder)
        save_weights(nets, card, out)
    except WeightsError as error:
        raise DataError(str(error)) from error
    print(f"detector: {out}; untrained: {', '.join(card.untrained_heads)}")
