"""``cartoongan sample-data``: synthetic data to try everything, without downloads or licences."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datamodules.errors import DataError

if TYPE_CHECKING:
    from datamodules.sample_data import SampleDataSummary


class Family(StrEnum):
    """Optional styles of cartoons."""

    BIG_EARS = "big-ears"


def sample_data(
    out: Annotated[Path, typer.Option(help="Folder to create; pass it to `lightning` as --data.root.")],
    count: Annotated[int, typer.Option(min=10, help="Number of photos and of cartoons.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Random seed; the same seed gives the same files.")] = 0,
    cartoons: Annotated[
        Family | None,
        typer.Option(help="Draw only cartoons of another style, in OUT/big_ears, for --data.cartoons."),
    ] = None,
) -> None:
    """Draw sample faces and cartoons in the layouts of CelebA, CartoonSet, WIDER FACE and LFW+Net.

    With `--cartoons big-ears`: heads of another style, in CartoonSet's layout and framing, with their own landmarks;
    use them with `--data.cartoons cartoonset10k,big_ears`. They are CC BY 4.0; keep CREDIT.txt with them.
    """
    if cartoons is not None:
        print(f"{out / 'big_ears'}: {_make_big_ears(out, count, seed)} cartoons")
        return
    summary = make_sample_data(out, count, seed)
    print(
        f"{summary.folder}: {summary.celeba} photos and {summary.cartoonset} cartoons, "
        f"{summary.wider_train + summary.wider_val} scenes with boxes, {summary.lfw_net} faces with landmarks"
    )


def make_sample_data(out: Path, count: int, seed: int) -> SampleDataSummary:
    """Write sample data unless it exists.

    Raises:
        DataError: A folder exists with other data.
    """
    from datamodules.sample_data import write_sample_data  # imports image libraries, which `--help` does not need

    try:
        return write_sample_data(out, count, seed)
    except FileExistsError as error:
        raise DataError(str(error)) from error


def _make_big_ears(out: Path, count: int, seed: int) -> int:
    from datamodules.sample_data import write_big_ears

    try:
        return write_big_ears(out, count, seed)
    except FileExistsError as error:
        raise DataError(str(error)) from error
