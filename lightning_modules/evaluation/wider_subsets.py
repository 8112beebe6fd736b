"""Evaluation subsets of WIDER FACE: the official easy, medium and hard ones, or all faces that are large enough.

The official evaluation tools (http://shuoyang1213.me/WIDERFACE/, "eval tools") contain ``wider_easy_val.mat``,
``wider_medium_val.mat`` and ``wider_hard_val.mat``: cell arrays of the events, their images, and the indices of the
faces that count in each image.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.datasets.wider_face import WiderAnnotation
from datamodules.detector.scenes import SMALLEST_FACE, boxes_of
from datamodules.errors import DataError

LARGE = f"{SMALLEST_FACE:g} px and more"
"""Name of the subset that does not need an official list."""

SIZES = (SMALLEST_FACE, 40.0, 80.0, float("inf"))
"""Limits in pixels of the bins by the shorter side of a face."""

DIFFICULTIES = ("easy", "medium", "hard")

Subset = dict[str, NDArray[np.bool_]]
"""By image name, (N,) bool: which of its faces count; the others are ignored."""


def find_subsets(folder: Path, annotations: Sequence[WiderAnnotation]) -> dict[str, Subset]:
    """The subsets by name: the faces that are large enough and valid, those by size, and the official ones.

    The official lists are optional.

    Args:
        folder: The folder ``wider_face``; lists are read from its ``ground_truth`` and ``wider_face_split``.
        annotations: The evaluated images of the validation split.

    Raises:
        DataError: A list is damaged, or does not belong to these annotations; the message names it.
    """
    subsets = {LARGE: {annotation.name: boxes_of(annotation)[1] for annotation in annotations}}
    subsets |= {_title(*bounds): _of_size(bounds, annotations) for bounds in pairwise(SIZES)}
    for difficulty in DIFFICULTIES:
        for inner in ("ground_truth", "wider_face_split"):
            path = folder / inner / f"wider_{difficulty}_val.mat"
            if path.is_file() and difficulty not in subsets:
                subsets[difficulty] = _select(path, annotations)
    return subsets


def _title(least: float, below: float) -> str:
    return f"{least:g} px and more" if below == float("inf") else f"{least:g} to {below:g} px"


def _of_size(bounds: tuple[float, float], annotations: Sequence[WiderAnnotation]) -> Subset:
    """Of the faces to be found those whose shorter side is within bounds."""
    subset: Subset = {}
    for annotation in annotations:
        boxes, is_target = boxes_of(annotation)
        shorter = (boxes[:, 2:] - boxes[:, :2]).min(axis=1)
        subset[annotation.name] = is_target & (shorter >= bounds[0]) & (shorter < bounds[1])
    return subset


def _select(path: Path, annotations: Sequence[WiderAnnotation]) -> Subset:
    """The subset of an official list.

    Raises:
        DataError: As in ``find_subsets``.
    """
    numbers = _read_numbers(path)
    subset: Subset = {}
    for annotation in annotations:
        counted = numbers.get(Path(annotation.name).with_suffix("").as_posix())
        if counted is None:
            raise DataError(f"{path} does not list {annotation.name}; remove it from the list of boxes")
        if len(counted) and not 1 <= counted.min() <= counted.max() <= len(annotation.boxes):
            raise DataError(
                f"{path} counts faces {counted.min()} to {counted.max()} of {annotation.name}, "
                f"which has {len(annotation.boxes)}; it belongs to another list of boxes"
            )
        subset[annotation.name] = np.isin(np.arange(1, len(annotation.boxes) + 1), counted)
    return subset


def _read_numbers(path: Path) -> dict[str, NDArray[np.int64]]:
    """Indices of the faces that count, starting at 1, by ``event/image`` without suffix.

    Raises:
        DataError: The file is damaged, or has another structure.
    """
    from scipy.io import loadmat  # type: ignore[import-untyped]

    try:
        content = loadmat(path, variable_names=["event_list", "file_list", "gt_list"])
        events, files, faces = (content[name].ravel() for name in ("event_list", "file_list", "gt_list"))
        return {
            f"{event.item()}/{image.item()}": np.asarray(numbers, dtype=np.int64).ravel()
            for event, images, lists in zip(events, files, faces, strict=True)
            for image, numbers in zip(images.ravel(), lists.ravel(), strict=True)
        }
    except Exception as error:  # SciPy raises arbitrary errors on damaged files
        raise DataError(f"{path} is damaged, or not a list of WIDER FACE's evaluation tools: {error}") from error
