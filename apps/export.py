"""``cartoongan export``: the generator of cartoons of a checkpoint, as a small file that cannot carry code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamodules.errors import DataError


def export(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint of any CycleGAN of this project.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file, *.safetensors.")],
) -> None:
    """Write the photo-to-cartoon generator of a checkpoint in half precision, for `cartoonize --model`.

    It is the moving average of the weights where the run kept one.
    """
    from lightning_modules.errors import UsageError
    from lightning_modules.export import translator_of
    from networks.translator import save_translator
    from networks.weights_file import WeightsError

    try:
        translator, details = translator_of(checkpoint)
        save_translator(translator, out, details)
    except (UsageError, WeightsError) as error:
        raise DataError(str(error)) from error
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, step {details['step']} of {details['variant']}")
