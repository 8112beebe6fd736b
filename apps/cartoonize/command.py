"""``cartoongan cartoonize``: photos in, cartoons out."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datamodules.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from apps.cartoonize.chain import CartoonFace, Cartoonizer

ALL = "all"


class Hair(StrEnum):
    """What colour the hair is to have."""

    OWN = "own"
    BLACK = "black"
    BROWN = "brown"
    BLONDE = "blonde"
    GREY = "grey"
    ALL = ALL


class Faces(StrEnum):
    """Which faces of a photo become cartoons."""

    LARGEST = "largest"
    ALL = ALL


class Background(StrEnum):
    """What a cartoon stands on."""

    TRANSPARENT = "transparent"
    WHITE = "white"


def cartoonize(
    photos: Annotated[list[Path], typer.Argument(help="Photos, and folders that are searched for them.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the cartoons.")] = Path("cartoons"),
    hair: Annotated[Hair, typer.Option(help="Hair colour; all puts the four side by side.")] = Hair.OWN,
    faces: Annotated[Faces, typer.Option(help="The largest face of each photo, or all of them.")] = Faces.LARGEST,
    size: Annotated[int | None, typer.Option(min=16, help="Side of a cartoon in pixels; default the model's.")] = None,
    background: Annotated[Background, typer.Option(help="What the cartoons stand on.")] = Background.TRANSPARENT,
    side_by_side: Annotated[bool, typer.Option(help="Put the photo's face left of its cartoon, on white.")] = False,
    skip_existing: Annotated[bool, typer.Option(help="Leave out photos whose cartoon is there already.")] = False,
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Generator of `cartoongan export`; default the project's own.")
    ] = None,
    finisher: Annotated[Path | None, typer.Option(metavar="FILE", help="Finisher; default the project's own.")] = None,
    finish: Annotated[bool, typer.Option(help="Make the cartoons clean and larger.")] = True,
) -> None:
    """Turn photos, with faces anywhere in them, into cartoons.

    The cartoon of a/b.jpg in a given folder is DIR/a/b.png, with --faces all b_1.png, b_2.png, ... from the largest on.
    The exit code is 1 where a photo could not be read or shows no face; the others are done all the same.
    """
    from tqdm import tqdm

    from apps.cartoonize.chain import Cartoonizer

    jobs = _jobs(photos, out)
    if skip_existing:
        jobs = {path: target for path, target in jobs.items() if not _is_done(target, faces)}
    cartoonizer = Cartoonizer(model, finisher if finish else "none")
    failures = 0
    for path, target in tqdm(jobs.items(), unit="photo", disable=None):
        try:
            pictures = _pictures(cartoonizer, path, hair, faces, side_by_side)
        except DataError as error:
            print(f"cartoongan: error: {error}", file=sys.stderr)
            failures += 1
            continue
        if not pictures:
            print(f"cartoongan: error: {path}: no face found", file=sys.stderr)
            failures += 1
        for number, picture in enumerate(pictures, start=1):
            place = target.with_name(f"{target.stem}_{number}.png") if faces is Faces.ALL else target
            _write(picture, place, size, background is Background.WHITE or side_by_side)
    print(f"cartoons of {len(jobs) - failures} photos: {out}" + (f"; {failures} failed" if failures else ""))
    if failures:
        raise typer.Exit(1)


def _jobs(photos: list[Path], out: Path) -> dict[Path, Path]:
    """Where the cartoon of each photo goes.

    Raises:
        DataError: A folder is missing or holds no image, or two photos would become the same cartoon.
    """
    from datamodules.images import find_images

    jobs: dict[Path, Path] = {}
    taken: dict[Path, Path] = {}
    for given in photos:
        for path in find_images(given) if given.is_dir() else [given]:
            name = path.relative_to(given) if given.is_dir() else Path(path.name)
            target = (out / name).with_suffix(".png")
            if (other := taken.setdefault(target, path)) != path:
                raise DataError(f"{other} and {path} would both become {target}; make them in two runs")
            if target.resolve() == path.resolve():
                raise DataError(f"--out {out}: the cartoon of {path} would take the photo's place; choose another")
            jobs[path] = target
    return jobs


def _is_done(target: Path, faces: Faces) -> bool:
    return (target.with_name(f"{target.stem}_1.png") if faces is Faces.ALL else target).exists()


def _pictures(
    cartoonizer: Cartoonizer, path: Path, hair: Hair, faces: Faces, side_by_side: bool
) -> list[NDArray[np.uint8]]:
    """A picture ``(H, W, 4)`` of each face of a photo."""
    import numpy as np

    from datamodules.images import read_rgb

    colors = (
        cartoonizer.colors if hair is Hair.ALL and cartoonizer.colors else ["own" if hair is Hair.ALL else hair.value]
    )
    made = cartoonizer(read_rgb(path), colors, faces.value)  # type: ignore[arg-type]
    rows = [made[start : start + len(colors)] for start in range(0, len(made), len(colors))]
    return [np.concatenate(_tiles(row, side_by_side), axis=1) for row in rows]


def _tiles(row: list[CartoonFace], side_by_side: bool) -> list[NDArray[np.uint8]]:
    import cv2
    import numpy as np

    tiles = [face.cartoon for face in row]
    if side_by_side:
        side = tiles[0].shape[0]
        photo = cv2.resize(row[0].photo, (side, side), interpolation=cv2.INTER_AREA)
        tiles.insert(0, np.dstack([photo, np.full((side, side), 255, dtype=np.uint8)]))
    return tiles


def _write(picture: NDArray[np.uint8], path: Path, size: int | None, on_white: bool) -> None:
    """Write a PNG, whole or not at all."""
    from io import BytesIO

    from PIL import Image

    from datamodules.atomic import write_whole

    image = Image.fromarray(picture)
    if size is not None:  # premultiplied, so that no colour of clear pixels bleeds in
        width = round(size * picture.shape[1] / picture.shape[0])
        image = image.convert("RGBa").resize((width, size), Image.Resampling.LANCZOS).convert("RGBA")
    if on_white:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    write_whole(path, buffer.getvalue())
