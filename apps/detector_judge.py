"""``cartoongan detector judge``: a judge of landmarks for `lightning test`, with its own errors in its card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from datamodules.errors import DataError


def make_judge(
    weights: Annotated[Path, typer.Option(metavar="FILE", help="A detector with a trained ONet, *.safetensors.")],
    root: Annotated[Path, typer.Option(metavar="DIR", help="Holds lfw_net/ and cartoonset10k/ to measure it on.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The judge's file, *.safetensors.")],
    families: Annotated[
        Path | None,
        typer.Option("--cartoon-families", metavar="FILE", help="Table of cartoons' parts that training held back."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many images of each kind at most.")] = None,
) -> None:
    """Measure a detector's landmark regressor, and write it as a judge of landmarks.

    It sees each face in the square that its true landmarks ask for, as `lightning test` shows it. A judge should not be
    the detector in the landmark loss: train one with another seed.
    """
    from lightning_modules.metrics.detector_evaluation import regressor_error
    from lightning_modules.metrics.known_faces import drawn_faces, held_back, photographed_faces
    from networks.mtcnn import LandmarkRegressor, WeightsError, load_weights, save_weights

    cartoons = root / "cartoonset10k"
    try:
        nets, card = load_weights(weights)
        regressor = LandmarkRegressor(nets.onet)
        sources = {
            "LFW+Net test": photographed_faces(root / "lfw_net", limit),
            "cartoons held back": drawn_faces(cartoons, held_back(cartoons, families), limit=limit),
        }
        errors = {
            f"error on {title}": float(regressor_error(regressor, faces, title).mean)
            for title, faces in sources.items()
        }
        save_weights(nets, replace(card, details=card.details | {"judge": errors}), out)
    except WeightsError as error:
        raise DataError(str(error)) from error
    for title, value in errors.items():
        print(f"{title:<28}{value:7.1%} of the eye distance")
    print(f"judge: {out}")
