"""``cartoongan sample-data``: data to try everything on, without download or licence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datamodules.errors import DataError

if TYPE_CHECKING:
    from datamodules.sample_data import SampleDataSummary


def sample_data(
    out: Annotated[Path, typer.Option(help="Folder to make; give it to `lightning` as --data.root.")],
    count: Annotated[int, typer.Option(min=10, help="Photos, and as many cartoons.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same files.")] = 0,
) -> None:
    """Draw sample faces and cartoons in the layouts of CelebA, CartoonSet, WIDER FACE and LFW+Net."""
    summary = make_sample_data(out, count, seed)
    print(
        f"{summary.folder}: {summary.celeba} photos and {summary.cartoonset} cartoons, "
        f"{summary.wider_train + summary.wider_val} scenes with boxes, {summary.lfw_net} faces with landmarks"
    )


def make_sample_data(out: Path, count: int, seed: int) -> SampleDataSummary:
    """Make sample data, or find that they are there.

    Raises:
        DataError: Something else is in the way.
    """
    from datamodules.sample_data import write_sample_data  # image libraries that `--help` can do without

    try:
        return write_sample_data(out, count, seed)
    except FileExistsError as error:
        raise DataError(str(error)) from error
