"""``cartoongan bench detector``: the cascade compared with facenet-pytorch, with the same weights in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, cast

import typer

from apps.bench.contest import Contest, measure
from apps.options import RoundsOption
from datamodules.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from networks.mtcnn import MTCNN

MIN_FACE = 20
BATCH = 16
SAME_FACE = 0.5
"""Boxes that overlap by more than that share of their union are the same face."""


class FacenetDetector(Protocol):
    """The part that is used of ``facenet_pytorch.MTCNN``."""

    def detect(
        self, img: NDArray[np.uint8], landmarks: bool = False
    ) -> tuple[Sequence[Sequence[float] | None], Sequence[object], Sequence[object]]:
        """Boxes, scores and landmarks of (B, H, W, 3) images; None for an image without faces."""
        ...


def bench_detector(
    images: Annotated[Path, typer.Option(metavar="DIR", help="Photos; they are cut to squares.")],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Our weights; by default those of facenet-pytorch, to compare with itself."),
    ] = None,
    side: Annotated[int, typer.Option(min=64, help="Side of the photos in pixels.")] = 512,
    count: Annotated[int, typer.Option(min=1, help="Photos; the batch repeats them up to 16.")] = BATCH,
    rounds: RoundsOption = 5,
) -> None:
    """Photos per second on one core: the fast cascade, the exact one, and facenet-pytorch if it is installed.

    The implementations take turns, so that a busy machine affects all equally. The last line compares the faces.
    """
    import torch
    from rich.console import Console
    from rich.table import Table

    from lightning_modules.detector import load_detector

    torch.set_num_threads(1)
    photos = _read_photos(images, side, count)
    batch = [photos[index % len(photos)] for index in range(BATCH)]
    facenet = _open_facenet() if weights is None else None
    nets = load_detector(weights) if facenet is None else _facenet_weights()
    ways = _ways(nets, facenet)
    alone = Contest(f"one {side}x{side} photo", {name: _one_by_one(way, photos) for name, way in ways.items()})
    together = Contest(f"batch of {BATCH}", {name: _all_at_once(way, batch) for name, way in ways.items()})
    table = Table("work", "way", "ms/photo", "times as fast")
    for contest, calls, photos_a_call in ((alone, len(photos), 1), (together, 1, BATCH)):
        rates = measure(contest, calls, rounds)
        plain = rates[next(iter(ways))]
        for name, rate in rates.items():
            table.add_row(contest.title, name, f"{1000 / rate / photos_a_call:.1f}", f"{rate / plain:.2f}")
        table.add_section()
    Console().print(table)
    print(_compare(nets, photos))


_Way = Callable[[list["NDArray[np.uint8]"]], object]


def _ways(nets: MTCNN, facenet: FacenetDetector | None) -> dict[str, _Way]:
    import numpy as np
    import torch

    from networks.mtcnn import Cascade, CascadeSettings, ExactCascade

    settings = CascadeSettings(min_face=MIN_FACE)
    fast, exact = Cascade(nets, settings), ExactCascade(nets, settings)
    ways: dict[str, _Way] = {}
    if facenet is not None:
        ways["facenet-pytorch"] = lambda photos: facenet.detect(np.stack(photos), landmarks=True)
    ways["exact"] = lambda photos: exact.detect([torch.from_numpy(photo) for photo in photos])
    ways["fast"] = lambda photos: fast.detect([torch.from_numpy(photo) for photo in photos])
    return ways


def _one_by_one(way: _Way, photos: list[NDArray[np.uint8]]) -> Callable[[int], object]:
    return lambda index: way([photos[index % len(photos)]])


def _all_at_once(way: _Way, batch: list[NDArray[np.uint8]]) -> Callable[[int], object]:
    return lambda _: way(batch)


def _compare(nets: MTCNN, photos: list[NDArray[np.uint8]]) -> str:
    """How far the fast cascade's faces are those of the exact one, which are facenet-pytorch's."""
    import torch
    from torchvision.ops import box_iou

    from networks.mtcnn import Cascade, CascadeSettings, ExactCascade

    settings = CascadeSettings(min_face=MIN_FACE)
    tensors = [torch.from_numpy(photo) for photo in photos]
    pairs = list(
        zip(ExactCascade(nets, settings).detect(tensors), Cascade(nets, settings).detect(tensors), strict=True)
    )
    distances: list[Tensor] = []
    for exact, fast in pairs:
        boxes = exact.boxes - exact.boxes.new_tensor([1, 1, 0, 0])  # its first pixel is counted from 1
        if len(exact) and len(fast):
            overlap, partner = box_iou(boxes, fast.boxes).max(dim=1)
            distance = (boxes - fast.boxes[partner]).abs().amax(dim=1)
            distances.append(distance[overlap > SAME_FACE])
    same = torch.cat(distances) if distances else torch.empty(0)
    counts = f"{sum(len(exact) for exact, _ in pairs)} exact, {sum(len(fast) for _, fast in pairs)} fast"
    return f"faces: {counts}, {len(same)} in both; their edges differ by at most {max([0.0, *same.tolist()]):.2f} px"


def _read_photos(folder: Path, side: int, count: int) -> list[NDArray[np.uint8]]:
    """The middles of photos, evenly drawn from a folder and scaled to one size."""
    import cv2
    import numpy as np

    from datamodules.images import find_images, read_rgb

    found = find_images(folder)
    photos = []
    for path in found[:: max(1, len(found) // count)][:count]:
        photo = read_rgb(path)
        height, width = photo.shape[:2]
        shorter = min(height, width)
        top, left = (height - shorter) // 2, (width - shorter) // 2
        middle = photo[top : top + shorter, left : left + shorter]
        photos.append(np.asarray(cv2.resize(middle, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8))
    return photos


def _open_facenet() -> FacenetDetector | None:
    import importlib

    try:
        module = importlib.import_module("facenet_pytorch")
    except ImportError:
        print("facenet-pytorch is not installed: compared with the exact cascade, which does as it does")
        return None
    return cast("FacenetDetector", module.MTCNN(keep_all=True, min_face_size=MIN_FACE))


def _facenet_weights() -> MTCNN:
    from importlib.util import find_spec

    from networks.mtcnn import WeightsError, import_facenet

    spec = find_spec("facenet_pytorch")
    assert spec is not None
    assert spec.origin is not None
    try:
        return import_facenet(Path(spec.origin).parent / "data")[0].eval()
    except WeightsError as error:
        raise DataError(str(error)) from error
