"""``cartoongan detect``: faces and their landmarks in image files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from apps.drawing.pictures import draw_faces, write_png
from apps.options import DetectorOption
from datamodules.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from networks.mtcnn import CascadeSettings, Detections, Detector

BATCH_IMAGES = 16
BATCH_PIXELS = 8_000_000
"""Maximum number of images, and of their pixels, in a batch."""


class Backend(StrEnum):
    """What runs the detector's nets."""

    TORCH = "torch"
    ONNX = "onnx"


class Face(TypedDict):
    """A face in the JSON, in pixels.

    Attributes:
        box: x1, y1, x2, y2.
        score: Probability in [0, 1].
        landmarks: Five points x, y: left eye, right eye, nose, left mouth corner, right mouth corner as seen in the
            image.
    """

    box: list[float]
    score: float
    landmarks: list[list[float]]


def detect(
    images: Annotated[list[Path], typer.Argument(help="Image files, and folders of images.")],
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the faces of each image as JSON.")] = None,
    draw: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the images with boxes and points.")] = None,
    min_face: Annotated[float, typer.Option(help="Side of the smallest faces to find, in pixels.")] = 20.0,
    weights: DetectorOption = None,
    thresholds: Annotated[
        tuple[float, float, float], typer.Option(metavar="P R O", help="Minimum scores of the three networks.")
    ] = (0.8, 0.6, 0.8),
    pyramid_factor: Annotated[float, typer.Option(help="Scale ratio between two pyramid levels.")] = 0.709,
    backend: Annotated[
        Backend, typer.Option(help="torch runs on the GPU if there is one; onnx is faster on a CPU.")
    ] = Backend.TORCH,
) -> None:
    """Find faces and their five landmarks.

    In the JSON and below DIR, images of a folder are named by their path in it, others by their path as given.
    The exit code is 1 if an image could not be read; all others are processed.
    """
    from networks.mtcnn import CascadeSettings

    try:
        settings = CascadeSettings(min_face, thresholds, pyramid_factor)
    except ValueError as error:
        raise DataError(str(error)) from error
    paths = _name_images(images)
    drawings = _name_drawings(draw, paths) if draw is not None else {}
    cascade = _open(weights, settings, backend)
    faces: dict[str, list[Face]] = {}
    for batch in read_batches(paths):
        for (name, image), found in zip(batch.items(), detect_batch(cascade, batch), strict=True):
            faces[name] = _describe(found)
            print(f"{name}: {len(found)} faces" if len(found) != 1 else f"{name}: 1 face")
            if drawings:
                write_png(_draw(image, found), drawings[name])
    if json is not None:
        _write_json(faces, json)
    if len(faces) < len(paths):
        raise typer.Exit(1)


def _open(weights: Path | None, settings: CascadeSettings, backend: Backend) -> Detector:
    if backend is Backend.ONNX:
        from lightning_modules.export.detector import OnnxDetector

        return OnnxDetector(weights, settings)
    import torch

    from lightning_modules.detector import load_detector
    from networks.mtcnn import Cascade

    return Cascade(load_detector(weights), settings, "cuda" if torch.cuda.is_available() else "cpu")


def _name_images(given: list[Path]) -> dict[str, Path]:
    """Path of each image by its name in the JSON.

    Raises:
        DataError: A folder has no images, or two images have the same name.
    """
    from datamodules.images import find_images

    paths: dict[str, Path] = {}
    for entry in given:
        for path in find_images(entry) if entry.is_dir() else [entry]:
            name = (path.relative_to(entry) if entry.is_dir() else path).as_posix()
            if paths.setdefault(name, path) != path:
                raise DataError(f"{paths[name]} and {path} would both be called {name}; detect them in two runs")
    return paths


def read_batches(paths: Mapping[str, Path]) -> Iterator[dict[str, NDArray[np.uint8]]]:
    """Decoded images by name, in batches; unreadable ones are reported and skipped."""
    from datamodules.images import read_rgb

    batch: dict[str, NDArray[np.uint8]] = {}
    for name, path in paths.items():
        try:
            batch[name] = read_rgb(path)
        except DataError as error:
            print(f"cartoongan: error: {error}", file=sys.stderr)
        if len(batch) == BATCH_IMAGES or sum(image[..., 0].size for image in batch.values()) >= BATCH_PIXELS:
            yield batch
            batch = {}
    if batch:
        yield batch


def detect_batch(cascade: Detector, batch: Mapping[str, NDArray[np.uint8]]) -> list[Detections]:
    """The faces of decoded images, in the same order."""
    import torch

    return cascade.detect([torch.from_numpy(image) for image in batch.values()])


def _describe(found: Detections) -> list[Face]:
    columns = (found.boxes.tolist(), found.scores.tolist(), found.landmarks.tolist())
    return [Face(box=box, score=score, landmarks=points) for box, score, points in zip(*columns, strict=True)]


def _draw(image: NDArray[np.uint8], found: Detections) -> NDArray[np.uint8]:
    return draw_faces(image, found.boxes.cpu().numpy(), found.landmarks.cpu().numpy(), side=max(image.shape[:2]))


def _name_drawings(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Path of the drawing of each image: always inside the folder, and with different names for a.jpg and a.png.

    Raises:
        DataError: Two images would have the same drawing.
    """
    drawings: dict[Path, str] = {}
    for name in names:
        path = Path(name)
        inner = [part for part in path.parts if part not in (path.anchor, "..")]
        drawing = folder.joinpath(*inner).with_name(f"{path.name}.png")
        if drawings.setdefault(drawing, name) != name:
            raise DataError(f"{drawings[drawing]} and {name} would both be drawn to {drawing}; detect them in two runs")
    return {name: drawing for drawing, name in drawings.items()}


def _write_json(faces: Mapping[str, list[Face]], path: Path) -> None:
    import json

    from datamodules.atomic import write_whole

    write_whole(path, json.dumps(faces, indent=1) + "\n")
    print(f"faces of {len(faces)} images: {path}")
