"""``cartoongan data show``: draws a contact sheet of a set, or of training batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.data.any_set import set_or_folder
from apps.data.set_names import SET_NAMES
from apps.drawing.pictures import write_png
from apps.options import RootOption

if TYPE_CHECKING:
    from apps.drawing.contact_sheet import Tile
    from datamodules.datasets.registry import DataSet
    from datamodules.samples import Faces, Split

BATCH = "batch"
"""Instead of a set: batches of the networks' inputs."""


def show(
    what: Annotated[str, typer.Argument(metavar="SET", help=f"One of {SET_NAMES}, a folder of images, or {BATCH}.")],
    out: Annotated[Path, typer.Option(metavar="PNG", help="Picture to write.")],
    root: RootOption = Path("data"),
    split: Annotated[str, typer.Option(help="Split: train, val or test.")] = "train",
    count: Annotated[int, typer.Option(min=1, help="Pictures on the sheet.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    image_size: Annotated[int, typer.Option(min=8, help="Side of the images of a batch.")] = 256,
) -> None:
    """Draw a contact sheet of random pictures with their boxes and landmarks."""
    from apps.drawing.contact_sheet import contact_sheet
    from datamodules.samples import parse_split

    if what == BATCH:
        tiles = _batch_tiles(root, count, seed, image_size)
    else:
        tiles = _set_tiles(set_or_folder(what, root), root, parse_split(split), count, seed)
    sheet = contact_sheet(tiles)
    write_png(sheet, out)
    print(f"{len(tiles)} pictures: {out}")


def _set_tiles(data_set: DataSet, root: Path, split: Split, count: int, seed: int) -> list[Tile]:
    """Random tiles of a set."""
    from apps.drawing.contact_sheet import Tile
    from datamodules.datasets.registry import open_faces

    folder = root / data_set.folder
    samples = open_faces(folder, data_set.domain, split) if data_set.domain else data_set.open(folder, split)
    previews = (data_set.make_preview(samples[number]) for number in _drawn(len(samples), count, seed))
    return [Tile(*preview) for preview in previews]


def _batch_tiles(root: Path, count: int, seed: int, image_size: int) -> list[Tile]:
    """Augmented photos, then as many augmented cartoons."""
    from datamodules.faces import FacesDataModule

    data = FacesDataModule(root=str(root), image_size=image_size, batch_size=1, num_workers=0, seed=seed)
    data.prepare_data()
    data.setup("fit")
    loader = iter(data.train_dataloader())
    batches = [next(loader) for _ in range(min(-(-count // 2), len(data.train_dataloader())))]
    return [_tile(batch.photo) for batch in batches] + [_tile(batch.cartoon) for batch in batches]


def _tile(faces: Faces) -> Tile:
    import numpy as np

    from apps.drawing.contact_sheet import Tile

    image = ((faces.image[0].permute(1, 2, 0).numpy() + 1) * 127.5).round().astype(np.uint8)
    return Tile(image, points=faces.landmarks[0].numpy())


def _drawn(length: int, count: int, seed: int) -> list[int]:
    import numpy as np

    chosen: list[int] = np.random.default_rng(seed).permutation(length)[:count].tolist()
    return chosen
