"""``cartoongan detector``: the weights that `cartoongan detect` works with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datamodules.errors import DataError

if TYPE_CHECKING:
    from networks.mtcnn import MTCNN

detector_app = typer.Typer(help="The face and landmark detector.", no_args_is_help=True)


@detector_app.callback()
def _sub_commands() -> None:
    """Keep `import` a sub-command while it is the only one."""


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


def default_weights() -> Path:
    """Where the project's own weights lie, if there are any."""
    return Path(__file__).resolve().parent.parent / "weights" / "mtcnn.safetensors"


def load_detector(weights: Path | None) -> MTCNN:
    """The nets in a file of weights, or the project's own.

    Raises:
        DataError: There is no such file, or it cannot be used.
    """
    from networks.mtcnn import WeightsError, load_weights

    path = weights or default_weights()
    if weights is None and not path.is_file():
        raise DataError(
            f"this project has no weights of its own yet ({path}); name a file with --weights. "
            "`cartoongan detector import` makes one of the facenet-pytorch package's weights"
        )
    try:
        return load_weights(path)[0]
    except WeightsError as error:
        raise DataError(str(error)) from error
