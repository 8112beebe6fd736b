"""``cartoongan data landmarks``: detects the landmarks of a folder's photos, for variants that need them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.detect import detect_batch, read_batches
from apps.options import DetectorOption

if TYPE_CHECKING:
    from networks.mtcnn import Detections

_SAVED_AT_ONCE = 2000


def landmarks(
    photos: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of photos, one face each.")],
    weights: DetectorOption = None,
    again: Annotated[bool, typer.Option("--again", help="Also photos with known landmarks.")] = False,
) -> None:
    """Detect the landmarks of the largest face in each photo and write them to the folder's `faces.csv`.

    Existing hair colours and landmarks are kept. After an interruption, the same command continues. Photos without a
    face are listed, and the exit code is 1.
    """
    import torch

    from datamodules.datasets.faces_csv import FACES_CSV, FaceAnnotation, read_annotations, write_annotations
    from datamodules.images import find_images
    from lightning_modules.detector import load_detector
    from networks.mtcnn import Cascade

    cascade = Cascade(load_detector(weights), device="cuda" if torch.cuda.is_available() else "cpu")
    paths = {path.relative_to(photos).as_posix(): path for path in find_images(photos)}
    known = read_annotations(photos / FACES_CSV)
    wanted = {
        name: path for name, path in paths.items() if again or not known.get(name, FaceAnnotation()).has_landmarks
    }
    count = 0
    unsaved: dict[str, FaceAnnotation] = {}
    try:
        for batch in read_batches(wanted):
            for name, faces in zip(batch, detect_batch(cascade, batch), strict=True):
                if len(faces):
                    points = faces.landmarks[_largest(faces)].cpu().numpy()
                    unsaved[name] = replace(known.get(name, FaceAnnotation()), landmarks=points)
                    count += 1
                else:
                    print(f"{name}: no face")
            if len(unsaved) >= _SAVED_AT_ONCE:
                write_annotations(photos / FACES_CSV, unsaved)
                unsaved.clear()
    finally:
        write_annotations(photos / FACES_CSV, unsaved)  # also after Ctrl-C: the next start goes on from there
    print(f"landmarks of {count} photos: {photos / FACES_CSV}; {len(paths) - len(wanted)} were known")
    if count < len(wanted):
        raise typer.Exit(1)


def _largest(faces: Detections) -> int:
    return int((faces.boxes[:, 2:] - faces.boxes[:, :2]).prod(dim=1).argmax())
