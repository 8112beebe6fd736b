"""``cartoongan bench detector``: the cascade beside detectors of other projects, in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.bench.contest import Contest, measure
from apps.options import RoundsOption
from datamodules.errors import DataError
from datamodules.evenly import evenly

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from lightning_modules.evaluation.rivals import Rival
    from networks.mtcnn import MTCNN, CascadeSettings, Detector

MIN_FACE = 20
BATCH = 16
FACENET = "facenet-pytorch"
SAME_FACE = 0.5
"""Boxes that overlap by more than that share of their union are the same face."""


def bench_detector(
    images: Annotated[Path, typer.Option(metavar="DIR", help="Photos; they are cut to squares.")],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Detector to measure instead of the project's own and facenet-pytorch's."),
    ] = None,
    crowds: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Photos of crowds, seen whole, by the settings of `detector eval`."),
    ] = None,
    side: Annotated[int, typer.Option(min=64, help="Side of the photos in pixels.")] = 512,
    count: Annotated[int, typer.Option(min=1, help="Photos; the batch repeats them up to 16.")] = BATCH,
    rounds: RoundsOption = 5,
) -> None:
    """Time per photo on one core: this project's cascades, and facenet-pytorch, yuface and deface where installed.

    The implementations take turns, so that a busy machine affects all equally. "fast" is this project's cascade,
    "exact" computes as facenet-pytorch does. If that is installed, both have its weights, and "own" and "own, onnx" the
    project's; with --weights, or without it, "fast", "exact" and "onnx" have the same weights. Last come the
    time of each stage with the project's weights, or those of --weights, and how far "fast" and "exact" agree.
    """
    import cv2
    import torch
    from rich.console import Console
    from rich.table import Table

    from lightning_modules.detector import load_detector
    from lightning_modules.evaluation.detector_evaluation import CROWD_SETTINGS
    from lightning_modules.evaluation.rivals import FACENET_CROWD_SETTINGS, FACENET_SETTINGS, RIVALS, installed_rivals
    from networks.mtcnn import CascadeSettings

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    photos = _read_photos(images, side, count)
    batch = [photos[index % len(photos)] for index in range(BATCH)]
    rivals = installed_rivals([rival.name for rival in RIVALS if weights is None or rival.name != FACENET])
    is_against_facenet = any(rival.name == FACENET for rival in rivals)
    nets = _facenet_weights() if is_against_facenet else load_detector(weights)
    usual, searching = CascadeSettings(min_face=MIN_FACE), CROWD_SETTINGS
    ways = _ways(nets, weights, rivals, usual, FACENET_SETTINGS if is_against_facenet else usual)
    alone = Contest(f"one {side}x{side} photo", {name: _one_by_one(way, photos) for name, way in ways.items()})
    together = Contest(f"batch of {BATCH}", {name: _all_at_once(way, batch) for name, way in ways.items()})
    work = [(alone, len(photos), 1), (together, 1, BATCH)]
    if crowds is not None:
        whole = _read_whole(crowds, count)
        its = FACENET_CROWD_SETTINGS if is_against_facenet else searching
        ways = _ways(nets, weights, rivals, searching, its)
        crowded = Contest("crowd photo", {name: _one_by_one(way, whole) for name, way in ways.items()})
        work.append((crowded, len(whole), 1))
    table = Table("work", "way", "ms/photo", "times as fast")
    for contest, calls, photos_a_call in work:
        rates = measure(contest, calls, rounds)
        plain = rates[next(iter(rates))]
        for name, rate in rates.items():
            table.add_row(contest.title, name, f"{1000 / rate / photos_a_call:.1f}", f"{rate / plain:.2f}")
        table.add_section()
    Console().print(table)
    print(_split(load_detector(weights), photos, usual))
    print(_compare(nets, photos))


_Way = Callable[[list["NDArray[np.uint8]"]], object]


def _ways(
    nets: MTCNN, weights: Path | None, rivals: Sequence[Rival], own: CascadeSettings, its: CascadeSettings
) -> dict[str, _Way]:
    """The ways to do the work, the one that the others are compared with first.

    Args:
        nets: Of "exact" and "fast".
        weights: Of this project's detector.
        rivals: Installed ones.
        own: Settings of this project's detector.
        its: Settings of the nets and the rivals.
    """
    from lightning_modules.detector import load_detector
    from lightning_modules.export.detector import OnnxDetector
    from networks.mtcnn import Cascade, ExactCascade

    found: dict[str, Detector] = {rival.name: rival.open(its) for rival in rivals if rival.name == FACENET}
    found |= {"exact": ExactCascade(nets, its), "fast": Cascade(nets, its)}
    if nets.one_based:
        found["own"] = Cascade(load_detector(), own)
        found["own, onnx"] = OnnxDetector(settings=own, threads=1)
    else:
        found["onnx"] = OnnxDetector(weights, own, threads=1)
    found |= {rival.name: rival.open(its) for rival in rivals if rival.name != FACENET}
    return {name: _way(detector) for name, detector in found.items()}


def _way(detector: Detector) -> _Way:
    import torch

    return lambda photos: detector.detect([torch.from_numpy(photo) for photo in photos])


def _split(nets: MTCNN, photos: list[NDArray[np.uint8]], settings: CascadeSettings) -> str:
    """How the cascade's time for one photo is split: candidates of a stage cost what comes before it."""
    import time

    import torch

    from networks.mtcnn import Cascade

    cascade = Cascade(nets, settings)
    tensors = [torch.from_numpy(photo) for photo in photos]
    ways: list[Callable[[Tensor], object]] = [
        lambda photo: cascade.candidates([photo], "rnet"),
        lambda photo: cascade.candidates([photo], "onet"),
        lambda photo: cascade.detect([photo]),
    ]
    seconds = [0.0] * len(ways)
    for photo in tensors:
        for number, way in enumerate(ways):
            start = time.perf_counter()
            way(photo)
            seconds[number] += time.perf_counter() - start
    first, second, third = (1000 * total / len(tensors) for total in seconds)
    return f"stages: PNet {first:.1f} ms, RNet {second - first:.1f} ms, ONet {third - second:.1f} ms"


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
    for index in evenly(len(found), count):
        photo = read_rgb(found[index])
        height, width = photo.shape[:2]
        shorter = min(height, width)
        top, left = (height - shorter) // 2, (width - shorter) // 2
        middle = photo[top : top + shorter, left : left + shorter]
        photos.append(np.asarray(cv2.resize(middle, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8))
    return photos


def _read_whole(folder: Path, count: int) -> list[NDArray[np.uint8]]:
    """Photos evenly drawn from a folder, as they are."""
    from datamodules.images import find_images, read_rgb

    found = find_images(folder)
    return [read_rgb(found[index]) for index in evenly(len(found), count)]


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
