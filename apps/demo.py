"""``cartoongan demo``: sample data, a short training, and cartoons of unseen faces in all hair colours."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from apps.drawing.pictures import titled_sheet, write_png
from apps.lightning_process import lightning_or_exit
from apps.sample_data import make_sample_data
from datamodules.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apps.drawing.contact_sheet import Tile
    from datamodules.samples import RawFace

_CONFIG = "configs/demo.yaml"
_SAMPLE_COUNT = 600
_UNSEEN_COUNT = 16
_UNSEEN_SEED = 1
_FACES_A_ROW = 2
_OWN_COUNT = 8
_TILE_SIDE, _OWN_TILE_SIDE = 128, 160


def demo(
    out: Annotated[Path | None, typer.Option(help="Folder of data and run (default: runs/ of the project).")] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Passed on to `lightning fit`, e.g. --option=--trainer.max_steps=20.")
    ] = None,
) -> None:
    """Draw cartoons with the project's own weights, then train a small CycleGAN on sample data and draw its cartoons.

    The first sheet is ready within a minute. A finished demo is drawn again without training; an interrupted one
    resumes.
    """
    from lightning_modules.runs import default_runs_folder

    folder = (out or default_runs_folder()).expanduser().absolute()
    data, unseen = folder / "sample_data", folder / "sample_data_unseen"
    home = folder / "demo" / "demo"
    make_sample_data(unseen, _UNSEEN_COUNT, seed=_UNSEEN_SEED)
    show_own_weights(unseen / "celeba" / "img_align_celeba", folder / "own_weights.png")
    make_sample_data(data, _SAMPLE_COUNT, seed=0)
    checkpoint = home / "checkpoints" / "last.ckpt"
    done = home / "finished"
    if not done.is_file():
        resume = ["--ckpt_path", str(checkpoint)] if checkpoint.is_file() else ["--run", home.name]
        _lightning("fit", folder, [*resume, "--data.root", str(data), *(option or [])])
        done.touch()
    celeba, cartoons = unseen / "celeba", home / "predictions"
    photos = celeba / "img_align_celeba"
    _lightning(
        "predict", folder, ["--ckpt_path", str(checkpoint), "--data.predict_dir", str(photos), "--out", str(cartoons)]
    )
    sheet = home / "images" / "unseen_faces.png"
    write_png(colour_sheet(labelled_photos(celeba), cartoons), sheet)
    _tell(home, checkpoint, sheet)


def show_own_weights(photos: Path, sheet: Path) -> None:
    """Draw some faces and their cartoons in all hair colours, with the project's own weights.

    Args:
        photos: Folder of photos; the astronaut of ``docs/`` comes first.
        sheet: The PNG; an existing one is not changed.
    """
    from apps.cartoonize.chain import Cartoonizer
    from apps.drawing.contact_sheet import Tile
    from datamodules.images import find_images, read_rgb
    from lightning_modules.runs import project_root

    if sheet.is_file():
        return
    cartoonizer, tiles = Cartoonizer(), []
    colors = cartoonizer.colors or ["own"]
    astronaut = project_root() / "docs" / "astronaut.jpg"
    known = [astronaut] if astronaut.is_file() else []
    for path in [*known, *(find_images(photos) if photos.is_dir() else [])][:_OWN_COUNT]:
        faces = cartoonizer(read_rgb(path), colors)  # type: ignore[arg-type]
        if faces:
            tiles += [Tile(faces[0].photo), *(Tile(face.on_white) for face in faces)]
    titles = ["photo", *colors] * _FACES_A_ROW
    whole = len(tiles) - len(tiles) % len(titles)
    if whole:
        write_png(titled_sheet(tiles[:whole], titles, _OWN_TILE_SIDE), sheet)
        print(f"cartoons with the project's own weights: {sheet}", flush=True)


def labelled_photos(celeba: Path) -> list[RawFace]:
    """The photos of all partitions of a CelebA folder, with their hair colours, sorted by name."""
    from datamodules.datasets.celeba import CelebA
    from datamodules.samples import Split

    parts = [CelebA(celeba, split) for split in get_args(Split)]
    return sorted((part[index] for part in parts for index in range(len(part))), key=lambda face: face.path.name)


def colour_sheet(photos: Sequence[RawFace], cartoons: Path, faces_a_row: int = _FACES_A_ROW) -> NDArray[np.uint8]:
    """Lay out each photo with its cartoons in all hair colours; the one in the photo's own colour is framed.

    Args:
        photos: At least one.
        cartoons: Folder of PNGs with the photos' names, each with the cartoons in all colours side by side.
        faces_a_row: Photos per row.

    Returns:
        ``(H, W, 3)`` uint8 RGB.

    Raises:
        DataError: A photo has no cartoons.
    """
    from datamodules.samples import HairColour

    tiles = [tile for photo in photos for tile in _tiles(photo, cartoons / f"{photo.path.stem}.png")]
    titles = ["photo", *(colour.name.lower() for colour in HairColour)]
    return titled_sheet(tiles, titles * min(faces_a_row, len(photos)), _TILE_SIDE)


def last_values(metrics: Path, prefix: str) -> dict[str, float]:
    """The last logged value of each metric whose name starts with ``prefix``."""
    values: dict[str, float] = {}
    with metrics.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            values |= {name: float(value) for name, value in row.items() if name.startswith(prefix) and value}
    return values


def _lightning(subcommand: str, folder: Path, options: Sequence[str]) -> None:
    lightning_or_exit([subcommand, "--config", _CONFIG, "--trainer.default_root_dir", str(folder), *options])


def _tiles(photo: RawFace, cartoons: Path) -> list[Tile]:
    """The framed photo and its cartoons."""
    import numpy as np

    from apps.drawing.contact_sheet import Tile
    from datamodules.images import read_rgb
    from datamodules.samples import HairColour
    from datamodules.transforms.framing import framing_for

    coloured = np.split(read_rgb(cartoons), len(HairColour), axis=1)
    side = len(coloured[0])
    frame = np.array([[0, 0, side - 1, side - 1]], dtype=np.float32)
    tiles = [Tile(image, frame) if colour == photo.label else Tile(image) for colour, image in enumerate(coloured)]
    return [Tile(framing_for("photo", side, augment=False)(photo).image), *tiles]


def _tell(home: Path, checkpoint: Path, sheet: Path) -> None:
    losses = last_values(home / "metrics.csv", "train/")
    if not all(map(math.isfinite, losses.values())):
        raise DataError(f"the losses of {home} are not finite; remove the folder and run the demo again")
    print(f"\npictures    {sheet} (framed: the photo's own hair colour)")
    print(f"            {home / 'images'} (during training)")
    print(f"checkpoint  {checkpoint}\nlog         {home / 'metrics.csv'}\nfinal losses")
    for name, value in sorted(losses.items()):
        print(f"  {name.removeprefix('train/'):<24}{value:8.4f}")
