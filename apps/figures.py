"""``cartoongan figures``: the figures 8 to 12 of the paper, from runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.drawing.pictures import titled_sheet, write_png
from apps.options import DetectorOption, MovedRootOption
from apps.trained_run import Checkpoint, TrainedRun, common_photos, evenly, open_runs
from datamodules.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

    from apps.drawing.contact_sheet import Tile
    from datamodules.samples import Faces
    from lightning_modules.landmark_detector import LandmarkDetector

_SIDE = 192
"""Side in pixels to which images are scaled before drawing."""


def figures(
    run: Annotated[
        list[Path], typer.Option(metavar="DIR", help="A run, or a folder of runs; repeatable, to compare them.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the pictures.")],
    faces: Annotated[int, typer.Option(min=1, help="Number of test photos, evenly spread.")] = 6,
    photo: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Use this test photo instead; repeatable.")
    ] = None,
    checkpoint: Annotated[Checkpoint, typer.Option(help="Checkpoint of each run.")] = Checkpoint.BEST,
    root: MovedRootOption = None,
    weights: DetectorOption = None,
) -> None:
    """Draw the paper's figures from runs: 8 generators, 9 detected landmarks, 10 hair, 11 landmarks, 12 alignment.

    Figure 8 compares all runs; the others are drawn for each run, 10 only if the variant supports hair colours.
    The pictures show test photos: check their terms of use before you share them.
    """
    from lightning_modules.errors import UsageError
    from lightning_modules.landmark_detector import LandmarkDetector

    runs = open_runs(run, checkpoint, root, "--run")
    for one in runs:
        print(f"{one.title}: {one.checkpoint}")
    names = photo or evenly(common_photos(runs), faces)
    try:
        detector = LandmarkDetector.of_file(weights)
    except UsageError as error:
        raise DataError(str(error)) from error
    _write(out / "figure_08_generators.png", *_side_by_side(runs, names))
    for one in runs:
        for number, draw in _OF_A_RUN.items():
            tiles, titles = draw(one, names, detector)
            if tiles:
                _write(out / f"figure_{number}_{one.title.replace('/', '_')}.png", tiles, titles)


def _write(path: Path, tiles: list[Tile], titles: list[str]) -> None:
    write_png(titled_sheet(tiles, titles, _SIDE), path)
    print(path)


def _side_by_side(runs: Sequence[TrainedRun], names: Sequence[str]) -> tuple[list[Tile], list[str]]:
    """Photo and each run's cartoon."""
    shown = [_enlarged(runs[0].photos(names).image)]
    shown += [_enlarged(run.cartoons(run.photos(names))) for run in runs]
    return _rows(shown), ["photo", *(run.title for run in runs)]


def _detected(run: TrainedRun, names: Sequence[str], detector: LandmarkDetector) -> tuple[list[Tile], list[str]]:
    """Detected landmarks in photo, real cartoon and generated cartoon (Fig. 9)."""
    from lightning_modules.drawing import draw_points

    photos = run.photos(names)
    columns = {"photo": photos.image, "real cartoon": run.real_cartoons(len(names)), "generated": run.cartoons(photos)}
    enlarged = {title: _enlarged(images) for title, images in columns.items()}
    return _rows([draw_points(images, detector.find(images)) for images in enlarged.values()]), list(enlarged)


def _coloured(run: TrainedRun, names: Sequence[str], detector: LandmarkDetector) -> tuple[list[Tile], list[str]]:
    """Each photo in all colours (Fig. 10)."""
    from datamodules.samples import HairColour

    del detector
    photos = run.photos(names)
    coloured = run.coloured(photos)
    if not coloured:
        return [], []
    has_colours = run.data.hparams["labels"] is None
    titles = [HairColour(label).name.lower() if has_colours else f"class {label}" for label in range(len(coloured))]
    return _rows([_enlarged(images) for images in (photos.image, *coloured)]), ["photo", *titles]


def _landmarks(run: TrainedRun, names: Sequence[str], detector: LandmarkDetector) -> tuple[list[Tile], list[str]]:
    """Landmarks of the photo, of its cartoon, and their distances (Fig. 11)."""
    from lightning_modules.drawing import RED, draw_lines, draw_points

    photo, cartoon, wanted, found = _located(run, names, detector)
    apart = draw_points(draw_points(draw_lines(cartoon, wanted, found), found, RED), wanted)
    images = [photo, cartoon, draw_points(photo, wanted), draw_points(cartoon, found, RED), apart]
    return _rows(images), ["photo", "cartoon", "landmarks", "cartoon's", "apart"]


def _aligned(run: TrainedRun, names: Sequence[str], detector: LandmarkDetector) -> tuple[list[Tile], list[str]]:
    """Photo above cartoon with lines between corresponding points (Fig. 12)."""
    from lightning_modules.drawing import draw_matches

    photo, cartoon, wanted, found = _located(run, names, detector)
    upper, lower = draw_matches(photo, cartoon, wanted, found)
    return [*_rows([upper]), *_rows([lower])], [Path(name).stem for name in names]


def _located(
    run: TrainedRun, names: Sequence[str], detector: LandmarkDetector
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Enlarged photos and cartoons, with the landmarks that the regressor finds in both."""
    from datamodules.transforms.face_box import square_of_landmarks
    from lightning_modules.landmark_detector import or_mean

    photos: Faces = run.photos(names)
    photo, cartoon = _enlarged(photos.image), _enlarged(run.cartoons(photos))
    boxes = square_of_landmarks(or_mean(detector.find(photo), photo))
    return photo, cartoon, detector.regressor(photo, boxes), detector.regressor(cartoon, boxes)


_OF_A_RUN: dict[str, Callable[[TrainedRun, Sequence[str], LandmarkDetector], tuple[list[Tile], list[str]]]] = {
    "09_detected": _detected,
    "10_hair": _coloured,
    "11_landmarks": _landmarks,
    "12_alignment": _aligned,
}


def _enlarged(images: Tensor) -> Tensor:
    """Images (B, 3, H, W), enlarged for drawing."""
    from torch.nn.functional import interpolate

    return interpolate(images, (_SIDE, _SIDE), mode="bicubic", antialias=True).clamp(-1, 1)


def _rows(columns: Sequence[Tensor]) -> list[Tile]:
    """Tiles in row order from columns of images (B, 3, H, W) in [-1, 1]."""
    from apps.drawing.contact_sheet import Tile
    from networks.pixels import to_bytes

    grey = [to_bytes(column).permute(0, 2, 3, 1).numpy() for column in columns]
    return [Tile(column[row]) for row in range(len(grey[0])) for column in grey]
