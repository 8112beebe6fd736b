"""Detectors of planted answers, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from scipy.io import savemat  # type: ignore[import-untyped]
from torch import Tensor

from datamodules.errors import DataError
from lightning_modules.evaluation.detector_evaluation import BATCH_IMAGES, evaluate_crowds, evaluate_faces
from lightning_modules.evaluation.known_faces import KnownFace, KnownFaces
from lightning_modules.evaluation.wider_subsets import LARGE
from networks.mtcnn import MTCNN, Cascade, Detections

POINTS = np.array([[20, 20], [40, 20], [30, 30], [22, 40], [38, 40]], dtype=np.float32)
BOX = np.array([10, 8, 50, 52], dtype=np.float32)


class Planted(Cascade):
    """Detections are a function of the first pixel of each image, which encodes its number."""

    def __init__(self, answer: Callable[[int], Detections]) -> None:
        super().__init__(MTCNN())
        self._answer = answer
        self.looks = 0

    def detect(self, images: Sequence[Tensor]) -> list[Detections]:
        self.looks += len(images)
        return [self._answer(int(image[0, 0, 0])) for image in images]


def image(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((60, 60, 3), number, dtype=np.uint8)


def found(boxes: list[list[float]], scores: list[float], landmarks: Tensor | None = None) -> Detections:
    count = len(boxes)
    points = torch.zeros(count, 5, 2) if landmarks is None else landmarks.expand(count, 5, 2)
    return Detections(torch.tensor(boxes).reshape(-1, 4), torch.tensor(scores), points)


def face(number: int) -> KnownFace:
    return KnownFace(image(number), BOX, POINTS, f"face {number}")


def shifted_by(share: float, misses: tuple[int, ...] = ()) -> Planted:
    """Landmarks are off by this fraction of the distance between the eyes, which is 20 px."""
    points = torch.from_numpy(POINTS) + torch.tensor([0, 20 * share])
    return Planted(
        lambda number: found([] if number in misses else [BOX.tolist()], [] if number in misses else [0.9], points)
    )


def test_faces_found_and_errors_are_counted_for_each_detector() -> None:
    count = BATCH_IMAGES + 3
    cascades = {"good": shifted_by(0.05), "poor": shifted_by(0.2, misses=(0, 9))}
    scores = evaluate_faces(cascades, KnownFaces(count, face), "planted")
    assert list(scores) == ["good", "poor"]
    assert float(scores["good"].found) == 1
    assert float(scores["good"].summary.mean) == pytest.approx(0.05)
    assert float(scores["good"].summary.share_over_10_percent) == 0
    poor = scores["poor"]
    assert float(poor.found) == pytest.approx((count - 2) / count)
    assert float(poor.summary.mean) == pytest.approx(0.2)
    assert float(poor.summary.share_over_10_percent) == 1
    for values in (poor.errors, poor.boxes.sum(dim=1), poor.landmarks.sum(dim=(1, 2))):
        assert values.isnan().nonzero().flatten().tolist() == [0, 9]
    assert poor.boxes[1].tolist() == BOX.tolist()
    assert all(cascade.looks == count + 1 for cascade in cascades.values())
    assert all(score.seconds > 0 for score in scores.values())


def test_faces_that_are_never_found_have_no_error() -> None:
    scores = evaluate_faces({"blind": shifted_by(0, misses=(0, 1))}, KnownFaces(2, face), "planted")["blind"]
    assert float(scores.found) == 0
    assert bool(scores.summary.mean.isnan())


def test_an_annotation_with_coinciding_eyes_is_named() -> None:
    def read(number: int) -> KnownFace:
        return face(number)._replace(landmarks=POINTS[[0, 0, 2, 3, 4]] if number == 1 else POINTS)

    with pytest.raises(DataError, match="face 1: both eyes are annotated in the same place"):
        evaluate_faces({"good": shifted_by(0)}, KnownFaces(2, read), "planted")


@pytest.fixture
def crowds(tmp_path: Path) -> Path:
    """Two photos: one with a large, a small and an invalid face, one with a large face; the small one is "easy"."""
    folder = tmp_path / "wider_face"
    names = ["0--Parade/a", "4--Dancing/b"]
    for number, name in enumerate(names):
        path = folder / "WIDER_val" / "images" / f"{name}.png"
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), image(number))
    lines = [f"{names[0]}.png", "3", "0 0 20 20 0 0 0 0 0 0", "30 0 10 10 0 0 0 0 0 0", "0 30 25 25 0 0 0 1 0 0"]
    lines += [f"{names[1]}.png", "1", "10 10 40 40 0 0 0 0 0 0"]
    split = folder / "wider_face_split"
    split.mkdir()
    (split / "wider_face_val_bbx_gt.txt").write_text("\n".join(lines))
    numbers = [np.array([[2]]), np.empty((0, 0))]
    columns = {
        "event_list": ["0--Parade", "4--Dancing"],
        "file_list": [["a"], ["b"]],
        "gt_list": [[part] for part in numbers],
    }
    savemat(split / "wider_easy_val.mat", {name: cells(content) for name, content in columns.items()})
    return folder


def cells(content: list[object] | object) -> object:
    """Nested lists as nested columns of cells."""
    if not isinstance(content, list):
        return content
    column = np.empty((len(content), 1), dtype=object)
    column[:, 0] = [cells(part) for part in content] + []
    return column


def test_crowds_are_scored_on_every_subset(crowds: Path) -> None:
    boxes: dict[int, list[list[float]]] = {
        0: [[0, 0, 20, 20], [30, 0, 40, 10], [0, 30, 25, 55]],
        1: [[10, 10, 50, 50], [0, 0, 9, 9]],
    }
    cascades = {
        "all": Planted(lambda number: found(boxes[number], [0.9, 0.8, 0.7][: len(boxes[number])])),
        "none": Planted(lambda _: found([], [])),
    }
    scores = evaluate_crowds(cascades, crowds)
    assert list(scores) == ["all", "none"]
    assert scores["all"].images == 2
    bins = {"20 to 40 px": 1, "40 to 80 px": 1, "80 px and more": 0}
    assert scores["all"].faces == {LARGE: 2, "easy": 1} | bins
    assert float(scores["all"].subsets[LARGE].average_precision) == 1
    assert scores["all"].subsets[LARGE].curve[0].tolist() == pytest.approx([1, 2 / 3])  # the false alarm at 0.8
    easy = scores["all"].subsets["easy"]
    assert float(easy.recall) == 1
    assert float(easy.average_precision) == pytest.approx(1 / 2)
    assert [float(scores["none"].subsets[name].average_precision) for name in (LARGE, "easy")] == [0, 0]
    assert float(scores["all"].subsets["40 to 80 px"].recall) == 1


def test_a_limit_reduces_the_number_of_photos(crowds: Path) -> None:
    cascade = Planted(lambda _: found([], []))
    scores = evaluate_crowds({"none": cascade}, crowds, limit=1)["none"]
    assert scores.images == 1
    assert scores.faces[LARGE] == 1
    assert cascade.looks == 2
