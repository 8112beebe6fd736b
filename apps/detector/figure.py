"""``cartoongan detector figure``: photos, cartoons and generated cartoons with landmarks, as in the paper's Fig. 9."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.drawing.pictures import face_tile, titled_sheet, write_png
from apps.options import DetectorOption
from datamodules.errors import DataError

if TYPE_CHECKING:
    from apps.drawing.contact_sheet import Tile
    from networks.mtcnn import Cascade

SIDE = 240
"""Longer side of each image on the sheet, in pixels."""


def draw_figure(
    photos: Annotated[Path, typer.Option(metavar="DIR", help="Photos.")],
    cartoons: Annotated[Path, typer.Option(metavar="DIR", help="Cartoons.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="PNG file to write.")],
    generated: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Cartoons generated from the photos, in the same order.")
    ] = None,
    weights: DetectorOption = None,
    rows: Annotated[int, typer.Option(min=1, help="Maximum number of rows.")] = 6,
) -> None:
    """Draw columns of photos, cartoons and generated cartoons with detected boxes and landmarks (Fig. 9).

    Images are sorted by file name. Images without a detected face are marked.
    """
    import torch

    from lightning_modules.detector import load_detector
    from networks.mtcnn import Cascade

    if out.suffix.lower() != ".png":
        raise DataError(f"--out is {out}; expected a name that ends in .png")
    columns = {"photo": _images(photos), "cartoon": _images(cartoons)}
    if generated is not None:
        columns["generated cartoon"] = _images(generated)
        if len(columns["generated cartoon"]) != len(columns["photo"]):
            raise DataError(
                f"{generated} has {len(columns['generated cartoon'])} images, {photos} {len(columns['photo'])}; "
                "--generated needs one cartoon for each photo, in the same order"
            )
    cascade = Cascade(load_detector(weights), device="cuda" if torch.cuda.is_available() else "cpu")
    count = min(rows, *map(len, columns.values()))
    tiles = [_tile(cascade, paths[row]) for row in range(count) for paths in columns.values()]
    write_png(titled_sheet(tiles, list(columns), SIDE), out)
    print(f"{count} rows: {out}")


def _images(folder: Path) -> list[Path]:
    from datamodules.images import find_images

    return find_images(folder)


def _tile(cascade: Cascade, path: Path) -> Tile:
    import torch

    from datamodules.images import read_rgb

    image = read_rgb(path)
    (found,) = cascade.detect([torch.from_numpy(image)])
    return face_tile(image, found.boxes.cpu().numpy(), found.landmarks.cpu().numpy(), SIDE)
