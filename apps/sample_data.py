"""``cartoongan sample-data``: data to try everything with, without a download or a licence."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datamodules.errors import DataError

if TYPE_CHECKING:
    from datamodules.sample_data import SampleDataSummary


class Family(StrEnum):
    """Cartoons that are drawn on request."""

    BIG_EARS = "big-ears"


def sample_data(
    out: Annotated[Path, typer.Option(help="Folder to make; pass it to `lightning` as --data.root.")],
    count: Annotated[int, typer.Option(min=10, help="Photos, and as many cartoons.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same files.")] = 0,
    cartoons: Annotated[
        Family | None,
        typer.Option(help="Draw cartoons of another family instead, into OUT/big_ears, for --data.cartoons."),
    ] = None,
) -> None:
    """Draw sample faces and cartoons in the layouts of CelebA, CartoonSet, WIDER FACE and LFW+Net.

    With `--cartoons big-ears`: heads of another style, framed like CartoonSet, in its layout, with their own
    landmarks: `--data.cartoons cartoonset10k,big_ears`. They are CC BY 4.0; CREDIT.txt has to go with them.
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
    """Make sample data unless they are there.

    Raises:
        DataError: Something else is in the way.
    """
    from datamodules.sample_data import write_sample_data  # image libraries that `--help` can do without

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
