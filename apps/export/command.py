"""``cartoongan export``: converts checkpoints and weights for products."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datamodules.errors import DataError

if TYPE_CHECKING:
    from lightning_modules.export.cartoon_file import Source
    from networks.translator import Translator

WEIGHTS_SUFFIX, CARTOON_SUFFIX = ".safetensors", ".cartoon"
SINGLE_SUFFIXES = (".onnx", ".pt2", ".pt")


def export(
    source: Annotated[Path, typer.Argument(help="Checkpoint of any CycleGAN, or a generator's *.safetensors.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="*.cartoon for the runtime; *.safetensors, *.onnx, *.pt2 or *.pt for the generator alone.",
        ),
    ],
    half: Annotated[
        bool, typer.Option(help="Store weights in half precision if that does not change a network's outputs.")
    ] = False,
    finisher: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Finisher; by default the project's own.")
    ] = None,
    finish: Annotated[bool, typer.Option(help="Include a finisher.")] = True,
) -> None:
    """Export the photo-to-cartoon generator of a checkpoint; its moving average if it has one.

    A *.cartoon file, for `cartoonize --model` and the package `cartoonizer`, has the whole chain in ONNX: detector,
    background, generator, classifier and finisher, each with a card and verified against the original. The generator
    alone is exported as weights (*.safetensors), ONNX, PyTorch exported program (*.pt2), or TorchScript (*.pt, with a
    fixed image size).
    """
    known = (CARTOON_SUFFIX, WEIGHTS_SUFFIX, *SINGLE_SUFFIXES)
    if out.suffix not in known:
        raise DataError(f"--out {out}: use one of the suffixes {', '.join(known)}")
    translator, details = _load(source)
    if out.suffix == WEIGHTS_SUFFIX:
        _write_weights(translator, details or {}, out)
        trained = f", step {details['step']} of {details['variant']}" if details else ""
        print(f"{out}: {out.stat().st_size / 1e6:.1f} MB{trained}")
        return
    from lightning_modules.export.cartoon_file import Source
    from lightning_modules.finisher import own_finisher

    finisher = finisher or own_finisher(translator.options.image_size, for_products=True)
    given = Source(translator, source, details, finisher if finish else None)
    (_write_single if out.suffix in SINGLE_SUFFIXES else _write_cartoon_file)(given, out, half)


def _write_single(source: Source, out: Path, half: bool) -> None:
    from apps.export.single import write_single

    difference = write_single(source, out, half)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, differs by {difference:.0e}")


def _write_cartoon_file(source: Source, out: Path, half: bool) -> None:
    from lightning_modules.export.cartoon_file import write_cartoon_file

    for net in write_cartoon_file(source, out, half):
        stored = "half" if net.is_half else "float32"
        print(f"  {net.name:<12}{len(net.content) / 1e6:5.2f} MB  {stored:<8}differs by {net.difference:.0e}")
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


def _load(source: Path) -> tuple[Translator, dict[str, object] | None]:
    """The generator in a file, and for a checkpoint its training options."""
    from lightning_modules.errors import UsageError
    from lightning_modules.export.trained import translator_of
    from networks.translator import load_translator
    from networks.weights_file import WeightsError

    try:
        return (load_translator(source), None) if source.suffix == WEIGHTS_SUFFIX else translator_of(source)
    except (UsageError, WeightsError) as error:
        raise DataError(str(error)) from error


def _write_weights(translator: Translator, details: dict[str, object], out: Path) -> None:
    from networks.translator import save_translator
    from networks.weights_file import WeightsError

    try:
        save_translator(translator, out, details)
    except WeightsError as error:
        raise DataError(str(error)) from error
