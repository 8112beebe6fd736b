"""``cartoongan weights``: prints the card of a weights file, and averages two files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from datamodules.errors import DataError

weights_app = typer.Typer(help="Show the cards of weights files, and average them.", no_args_is_help=True)


@weights_app.command("show")
def show(
    file: Annotated[Path, typer.Argument(help="*.safetensors, *.cartoon or *.onnx.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the card of a file: description, training data, terms of use, and metrics."""
    cards = _cards(file)
    if as_json:
        print(json.dumps(cards, indent=1))
        return
    for name, card in cards.items():
        print(f"{name}\n" + "\n".join(f"  {key:<12} {_written(value)}" for key, value in card.items() if value) + "\n")


@weights_app.command("average")
def average(
    first: Annotated[Path, typer.Argument(help="*.safetensors; of what is not averaged, its weights are kept.")],
    second: Annotated[Path, typer.Argument(help="*.safetensors of the same architecture.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File of weights to write, *.safetensors.")],
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Weight of the second file; the first has the rest.")],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE", help="Average only this module, such as rnet; may be repeated."),
    ] = None,
) -> None:
    """Average the weights of two files, such as those before and after further training.

    The card of the new file names both files and has no figures: measure it.
    """
    from networks.weights_average import average_files
    from networks.weights_file import WeightsError, write_tensors

    for path in (first, second, out):
        if path.suffix != ".safetensors":
            raise DataError(f"{path} is no file of weights (*.safetensors); average these, and export the result")
    try:
        tensors, description = average_files(first, second, share, only or ())
        write_tensors(tensors, description, out)
    except WeightsError as error:
        raise DataError(str(error)) from error
    print(f"{out}: {1 - share:g} of {first} and {share:g} of {second}; the card has no figures, measure it")


def _cards(file: Path) -> dict[str, dict[str, object]]:
    """The cards of the networks by name."""
    from cartoonizer.errors import ModelError
    from networks.weights_file import WeightsError

    try:
        if file.suffix in (".cartoon", ".onnx"):
            return _cards_of_nets(file)
        return {file.name: _card_of_weights(file)}
    except (ModelError, WeightsError) as error:
        raise DataError(str(error)) from error


def _cards_of_nets(file: Path) -> dict[str, dict[str, object]]:
    from cartoonizer.model_file import read_model
    from cartoonizer.net import card_of

    if file.suffix == ".onnx":
        try:
            return {file.name: dict(card_of(file.read_bytes(), str(file)))}
        except OSError as error:
            raise DataError(f"cannot read {file}: {error.strerror}") from error
    model = read_model(file)
    own: dict[str, object] = {
        "name": model.manifest.name,
        "terms": model.manifest.terms,
        "labels": model.manifest.labels,
    }
    return {file.name: own} | {name: dict(card_of(content, name)) for name, content in model.nets.items()}


def _card_of_weights(file: Path) -> dict[str, object]:
    from lightning_modules.export.cards import front_matter
    from networks.weights_file import fingerprint, read_weights

    _, description = read_weights(file)
    header, text = front_matter(file.with_suffix(".md"))
    return {**header, **description, "fingerprint": fingerprint(file), "text": text}


def _written(value: object) -> str:
    """A value on one line; long texts are wrapped."""
    if isinstance(value, str):
        return value.strip().replace("\n", "\n" + 15 * " ")
    return json.dumps(_rounded(value))


def _rounded(value: object) -> object:
    """The same with numbers of four significant digits."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
