"""``cartoongan detector judge``: a judge of landmarks for ``lightning test``, with its errors in its card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from apps.detector.eval import CARTOONS, NONE_HELD_BACK, PHOTOS, POSED
from datamodules.errors import DataError

FRAMES = (250, 64, 32)
"""Sides of the evaluation's frames in pixels; the original images are evaluated, too."""


def make_judge(
    weights: Annotated[Path, typer.Option(metavar="FILE", help="Detector with a trained ONet, *.safetensors.")],
    root: Annotated[Path, typer.Option(metavar="DIR", help="Folder with lfw_net/ and cartoonset10k/.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Judge to write, *.safetensors.")],
    families: Annotated[
        Path | None,
        typer.Option("--cartoon-families", metavar="FILE", help="Table of the cartoons' parts, as in training."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of images of each kind.")] = None,
) -> None:
    """Evaluate a detector's landmark regressor, and write it as a judge of landmarks for `lightning test`.

    The regressor gets each face in the square given by its true landmarks, as in `lightning test`: from the original
    images, and from frames like CelebA's at 250, 64 and 32 px. The bias is the mean error in x and y, in pixels of the
    frame. Held-back cartoons are evaluated as they are, and with eyes, nose and mouth where those of a photo from
    LFW+Net are: CartoonSet's are at the same places in each image, which a regressor can know without looking. Do not
    use the detector of the landmark loss as the judge: train another one with another seed.
    """
    from lightning_modules.detector import load_detector_and_card
    from lightning_modules.evaluation.detector_evaluation import regressor_scores
    from lightning_modules.evaluation.known_faces import (
        drawn_faces,
        framed,
        held_back,
        photographed_faces,
        photographed_poses,
    )
    from networks.mtcnn import LandmarkRegressor, WeightsError, save_weights

    cartoons = root / "cartoonset10k"
    try:
        nets, card = load_detector_and_card(weights, ["onet"])
        regressor = LandmarkRegressor(nets.onet)
        names, poses = held_back(cartoons, families), photographed_poses(root / "lfw_net")
        if not names:
            raise DataError(NONE_HELD_BACK.format(cartoons))
        sources = {
            PHOTOS: photographed_faces(root / "lfw_net", limit),
            CARTOONS: drawn_faces(cartoons, names, limit=limit),
            POSED: drawn_faces(cartoons, names, limit=limit, poses=poses),
        }
        errors: dict[str, float] = {}
        biases: dict[str, list[float]] = {}
        for title, faces in sources.items():
            errors[f"error on {title}"] = float(regressor_scores(regressor, faces, title).summary.mean)
            for side in FRAMES:
                scores = regressor_scores(regressor, framed(faces, side), f"{title}, {side} px")
                errors[f"error on {title}, {side} px"] = float(scores.summary.mean)
                biases[f"error on {title}, {side} px"] = scores.bias.tolist()
        details = card.details | {"judge": errors, "judge's bias in pixels": biases}
        save_weights(nets, replace(card, details=details), out)
    except WeightsError as error:
        raise DataError(str(error)) from error
    for title, value in errors.items():
        bias = "   bias {:+.2f} {:+.2f} px".format(*biases[title]) if title in biases else ""
        print(f"{title:<45}{value:7.1%} of the eye distance{bias}")
    print(f"judge: {out}")
