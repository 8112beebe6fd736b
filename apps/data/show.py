"""``cartoongan data show``: a contact sheet of any set, or of the batches that a network sees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.drawing.pictures import write_png
from datamodules.datasets.set_name import SetName

if TYPE_CHECKING:
    from apps.drawing.contact_sheet import Tile
    from datamodules.samples import Faces, Split

BATCH = "batch"
"""In the place of a set: what the networks are given."""


def show(
    what: Annotated[str, typer.Argument(metavar="SET", help=f"One of {', '.join(SetName)}, or {BATCH}.")],
    out: Annotated[Path, typer.Option(metavar="PNG", help="Picture to write.")],
    root: Annotated[Path, typer.Option(help="Folder of the data sets.")] = Path("data"),
    split: Annotated[str, typer.Option(help="train, val or test.")] = "train",
    count: Annotated[int, typer.Option(min=1, help="Pictures on the sheet.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Which pictures are drawn.")] = 0,
    image_size: Annotated[int, typer.Option(min=8, help="Side of the images of a batch.")] = 256,
) -> None:
    """Draw a sheet of pictures with their boxes and landmarks."""
    from apps.drawing.contact_sheet import contact_sheet
    from datamodules.samples import parse_split

    if what == BATCH:
        tiles = _batch_tiles(root, count, seed, image_size)
    else:
        tiles = _set_tiles(SetName.parse(what), root, parse_split(split), count, seed)
    sheet = contact_sheet(tiles)
    write_png(sheet, out)
    print(f"{len(tiles)} pictures: {out}")


def _set_tiles(name: SetName, root: Path, split: Split, count: int, seed: int) -> list[Tile]:
    """Tiles of a set, drawn at random."""
    import numpy as np

    from apps.drawing.contact_sheet import Tile
    from datamodules.datasets.lfw_net import LfwNet
    from datamodules.datasets.registry import open_cartoons, open_photos
    from datamodules.datasets.wider_face import WiderFace
    from datamodules.errors import DataError

    folder = root / name.folder
    if name is SetName.WIDER:
        if split == "test":
            raise DataError("WIDER FACE publishes no boxes of its test part; take --split train or val")
        scenes = WiderFace(folder, split)
        corners = [(s.image, s.boxes) for s in (scenes[int(i)] for i in _drawn(len(scenes), count, seed))]
        return [Tile(image, np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])) for image, boxes in corners]
    if name is SetName.LFWNET:
        if split == "val":
            raise DataError("LFW+Net has no validation part; take --split train or test")
        people = LfwNet(folder, split)
        samples = [people[int(i)] for i in _drawn(len(people), count, seed)]
        return [Tile(sample.image, sample.box[None], sample.landmarks) for sample in samples]
    faces = (open_photos if name is SetName.CELEBA else open_cartoons)(folder, split)
    drawn = [faces[int(i)] for i in _drawn(len(faces), count, seed)]
    return [Tile(face.image, points=face.landmarks) for face in drawn]


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
