"""``cartoongan demo``: from nothing to cartoons of unseen faces."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from apps.sample_data import make_sample_data
from datamodules.errors import DataError

_CONFIG = "configs/demo.yaml"
_SAMPLE_COUNT = 600
_UNSEEN_COUNT = 16
_UNSEEN_SEED = 1


def demo(
    out: Annotated[Path | None, typer.Option(help="Folder of data and run (default: runs/ of the project).")] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Passed on to `lightning fit`, e.g. --option=--trainer.max_steps=20.")
    ] = None,
) -> None:
    """Make sample data, train a small CycleGAN on it, and turn sample faces that it never saw into cartoons.

    A finished demo is shown again without training; a stopped one goes on.
    """
    from lightning_modules.runs import default_runs_folder

    folder = (out or default_runs_folder()).expanduser().absolute()
    data, unseen = folder / "sample_data", folder / "sample_data_unseen"
    make_sample_data(data, _SAMPLE_COUNT, seed=0)
    make_sample_data(unseen, _UNSEEN_COUNT, seed=_UNSEEN_SEED)
    home = folder / "demo" / "demo"
    checkpoint = home / "checkpoints" / "last.ckpt"
    done = home / "finished"
    if not done.is_file():
        resume = ["--ckpt_path", str(checkpoint)] if checkpoint.is_file() else ["--run", home.name]
        _lightning("fit", folder, [*resume, "--data.root", str(data), *(option or [])])
        done.touch()
    photos = unseen / "celeba" / "img_align_celeba"
    cartoons = home / "predictions"
    _lightning(
        "predict", folder, ["--ckpt_path", str(checkpoint), "--data.predict_dir", str(photos), "--out", str(cartoons)]
    )
    grid = home / "images" / "unseen_faces.png"
    draw_pairs(photos, cartoons, grid)
    _tell(home, checkpoint, grid)


def draw_pairs(photos: Path, cartoons: Path, out: Path, columns: int = 8) -> None:
    """Draw each photo over its cartoon.

    Args:
        photos: Folder of photos.
        cartoons: Folder of PNGs of the same names, all of one size.
        out: PNG to write.
        columns: Pairs a row.
    """
    import torch
    from torchvision.utils import make_grid, save_image

    from datamodules.images import find_images, read_rgb
    from datamodules.photo_folder import PhotoFolder
    from datamodules.transforms import to_tensor

    made = [to_tensor(read_rgb(path)) for path in find_images(cartoons)]
    given = PhotoFolder(photos, image_size=made[0].shape[-1])
    if len(made) != len(given):
        raise DataError(f"{cartoons} has {len(made)} images for the {len(given)} photos of {photos}")
    rows: list[torch.Tensor] = []
    for start in range(0, len(given), columns):
        row = range(start, min(start + columns, len(given)))
        blank = [torch.ones_like(made[0])] * (columns - len(row))
        rows += [*(given[index].image for index in row), *blank, *(made[index] for index in row), *blank]
    save_image(make_grid(torch.stack(rows), nrow=columns, normalize=True, value_range=(-1, 1), pad_value=1), out)


def last_values(metrics: Path, prefix: str) -> dict[str, float]:
    """The last value logged of every metric whose name starts with ``prefix``."""
    values: dict[str, float] = {}
    with metrics.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            values |= {name: float(value) for name, value in row.items() if name.startswith(prefix) and value}
    return values


def _lightning(subcommand: str, folder: Path, options: Sequence[str]) -> None:
    from lightning_modules.cli import main

    code = main([subcommand, "--config", _CONFIG, "--trainer.default_root_dir", str(folder), *options])
    if code:
        raise typer.Exit(code)


def _tell(home: Path, checkpoint: Path, grid: Path) -> None:
    losses = last_values(home / "metrics.csv", "train/")
    if not all(map(math.isfinite, losses.values())):
        raise DataError(f"the losses of {home} are not finite; remove the folder and run the demo again")
    print(f"\npictures    {grid}\n            {home / 'images'} (during training)")
    print(f"checkpoint  {checkpoint}\nlog         {home / 'metrics.csv'}\nfinal losses")
    for name, value in sorted(losses.items()):
        print(f"  {name.removeprefix('train/'):<24}{value:8.4f}")
