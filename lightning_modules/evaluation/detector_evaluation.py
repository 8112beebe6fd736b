"""Compares detectors on annotated images.

They take turns on each batch, so that other load on the machine affects all of them equally.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from datamodules.datasets.wider_face import WiderAnnotation, WiderFace
from datamodules.detector.scenes import boxes_of
from datamodules.errors import DataError
from datamodules.evenly import evenly
from datamodules.transforms.augment import to_tensor
from datamodules.transforms.face_box import square_of_landmarks
from lightning_modules.evaluation.known_faces import KnownFace, KnownFaces, choose_face
from lightning_modules.evaluation.wider_subsets import find_subsets
from lightning_modules.metrics.detection_precision import DetectionPrecision, PrecisionSummary, TrueBoxes
from lightning_modules.metrics.landmark_error import LandmarkError, LandmarkErrorSummary, landmark_errors
from networks.mtcnn import CascadeSettings, Detections, Detector, LandmarkRegressor

CROWD_SETTINGS = CascadeSettings(min_face=10, thresholds=(0.7, 0.2, 0.02), pyramid_factor=0.79)
"""Settings for WIDER FACE: small faces, and low thresholds, chosen on validation photos (docs/detector.md), so that the
curve reaches a high recall."""

BATCH_IMAGES = 8


@dataclass(frozen=True)
class CrowdScores:
    """Results of a detector on WIDER FACE.

    Attributes:
        images: Number of photos.
        seconds: Time for detection alone.
        faces: Number of target faces by subset.
        subsets: Precision and recall by subset.
    """

    images: int
    seconds: float
    faces: dict[str, int]
    subsets: dict[str, PrecisionSummary]


@dataclass(frozen=True)
class FaceScores:
    """Results of a detector on images with one known face each; NaN if the face was not found.

    Attributes:
        seconds: Time for detection alone.
        boxes: (N, 4) edges of each image's face, in pixels.
        landmarks: (N, 5, 2) pixels.
        errors: (N,) mean landmark error of each face, relative to the distance between the true eyes.
        summary: Summary of the found faces.
    """

    seconds: float
    boxes: Tensor
    landmarks: Tensor
    errors: Tensor
    summary: LandmarkErrorSummary

    @property
    def found(self) -> Tensor:
        """() fraction of the faces that were found."""
        return (~self.errors.isnan()).double().mean()


class _Crowd(NamedTuple):
    image: NDArray[np.uint8]
    annotation: WiderAnnotation


def evaluate_crowds(cascades: Mapping[str, Detector], folder: Path, limit: int | None = None) -> dict[str, CrowdScores]:
    """Average precision at an overlap of one half on WIDER FACE's val split.

    Args:
        cascades: Detectors by name; create them with ``CROWD_SETTINGS`` for comparable results.
        folder: The folder ``wider_face``.
        limit: Maximum number of photos, evenly spread over the list.

    Raises:
        DataError: An annotation file is missing or malformed, or a photo cannot be read.
    """
    photos = WiderFace(folder, "val")
    indices = evenly(len(photos), limit)
    subsets = find_subsets(folder, [photos.annotations[index] for index in indices])
    metrics = {name: {subset: DetectionPrecision() for subset in subsets} for name in cascades}
    seconds = dict.fromkeys(cascades, 0.0)
    crowds = (_Crowd(photos[index].image, photos.annotations[index]) for index in indices)
    for result in _run_in_turn(cascades, tqdm(crowds, "WIDER FACE", len(indices), unit="image", disable=None)):
        seconds[result.name] += result.seconds
        boxes = [torch.from_numpy(boxes_of(crowd.annotation)[0]) for crowd in result.items]
        for subset, metric in metrics[result.name].items():
            ignored = [torch.from_numpy(~subsets[subset][crowd.annotation.name]) for crowd in result.items]
            metric.update(result.found, [TrueBoxes(*truth) for truth in zip(boxes, ignored, strict=True)])
    faces = {name: int(sum(chosen.sum() for chosen in subset.values())) for name, subset in subsets.items()}
    return {
        name: CrowdScores(
            len(indices), seconds[name], faces, {subset: metric.compute() for subset, metric in metrics[name].items()}
        )
        for name in cascades
    }


def evaluate_faces(cascades: Mapping[str, Detector], faces: KnownFaces, title: str) -> dict[str, FaceScores]:
    """Fraction of the faces that are found, and their landmark error.

    Args:
        cascades: Detectors by name.
        faces: The images.
        title: Title of the progress bar.

    Raises:
        DataError: An image cannot be read, or the eyes of its face coincide; the message names it.
    """
    scorers = {name: _FaceScorer() for name in cascades}
    images = (_checked(faces.read(number)) for number in range(faces.count))
    for result in _run_in_turn(cascades, tqdm(images, title, faces.count, unit="image", disable=None)):
        scorers[result.name].add(result)
    return {name: scorer.finish() for name, scorer in scorers.items()}


class RegressorScores(NamedTuple):
    """Errors of a landmark regressor on known faces.

    Attributes:
        summary: Landmark errors.
        bias: (2,) mean error in x and y, in pixels of the images.
    """

    summary: LandmarkErrorSummary
    bias: Tensor


def regressor_scores(regressor: LandmarkRegressor, faces: KnownFaces, title: str = "") -> RegressorScores:
    """Evaluate a regressor on faces, each in the square given by its true landmarks.

    Raises:
        DataError: An image cannot be read, or the eyes of its face coincide; the message names it.
    """
    metric = LandmarkError()
    differences = []
    for number in tqdm(range(faces.count), title, unit="image", disable=None):
        face = _checked(faces.read(number))
        truth = torch.from_numpy(face.landmarks)[None]
        with torch.inference_mode():
            found = regressor(to_tensor(face.image)[None], square_of_landmarks(truth))
        metric.update(found, truth)
        differences.append((found - truth)[0].mean(dim=0))
    return RegressorScores(metric.compute(), torch.stack(differences).mean(dim=0))


def _checked(face: KnownFace) -> KnownFace:
    """The face itself.

    Raises:
        DataError: Its eyes coincide.
    """
    if (face.landmarks[0] == face.landmarks[1]).all():
        raise DataError(f"{face.name}: both eyes are annotated in the same place; remove it from the list")
    return face


class _FaceScorer:
    """Collects the results of one detector on known faces."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._truths: list[Tensor] = []
        self._boxes: list[Tensor] = []
        self._landmarks: list[Tensor] = []

    def add(self, result: _Result[KnownFace]) -> None:
        """Add a batch."""
        self._seconds += result.seconds
        for face, found in zip(result.items, result.found, strict=True):
            index = choose_face(found, torch.from_numpy(face.box))
            self._truths.append(torch.from_numpy(face.landmarks))
            self._boxes.append(torch.full((4,), torch.nan) if index is None else found.boxes[index])
            self._landmarks.append(torch.full((5, 2), torch.nan) if index is None else found.landmarks[index])

    def finish(self) -> FaceScores:
        """Compute the scores."""
        boxes, landmarks, truths = (torch.stack(values) for values in (self._boxes, self._landmarks, self._truths))
        errors = landmark_errors(landmarks, truths).mean(dim=1)
        is_found = ~errors.isnan()
        metric = LandmarkError()
        metric.update(landmarks[is_found], truths[is_found])
        return FaceScores(self._seconds, boxes, landmarks, errors, metric.compute())


class _HasImage(Protocol):
    @property
    def image(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 RGB."""


_Item = TypeVar("_Item", bound=_HasImage)


class _Result(NamedTuple, Generic[_Item]):
    """Detections of one detector in one batch, on the CPU, and the seconds they took."""

    name: str
    items: list[_Item]
    found: list[Detections]
    seconds: float


def _run_in_turn(cascades: Mapping[str, Detector], items: Iterable[_Item]) -> Iterator[_Result[_Item]]:
    """Runs every detector on every batch; the first image is detected once more before, as an untimed warm-up."""
    items = iter(items)
    is_warm = False
    while batch := list(islice(items, BATCH_IMAGES)):
        images = [torch.from_numpy(item.image) for item in batch]
        for name, cascade in cascades.items():
            if not is_warm:
                cascade.detect(images[:1])
            start = time.perf_counter()
            found = [_to_cpu(detections) for detections in cascade.detect(images)]
            yield _Result(name, batch, found, time.perf_counter() - start)
        is_warm = True


def _to_cpu(found: Detections) -> Detections:
    return Detections(found.boxes.cpu(), found.scores.cpu(), found.landmarks.cpu())
