"""``cartoongan detector import``: converts the weights of facenet-pytorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamodules.errors import DataError


def import_detector(
    folder: Annotated[
        Path,
        typer.Option(
            "--from", metavar="DIR", help="Folder with pnet.pt, rnet.pt and onet.pt, such as facenet_pytorch/data."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Weights file to write, *.safetensors.")],
) -> None:
    """Convert the weights of the facenet-pytorch package to one file without executable code.

    Install the package with `pip install --no-deps facenet-pytorch`: the versions it requires are outdated.
    """
    from networks.mtcnn import WeightsError, import_facenet, save_weights

    try:
        nets, card = import_facenet(folder)
        save_weights(nets, card, out)
    except WeightsError as error:
        raise DataError(str(error)) from error
    print(f"detector: {out}; untrained: {', '.join(card.untrained_heads)}")
