"""LFW+Net (Sun et al. 2013), the CUHK training set for five facial points, in its published layout.

``lfw_net/lfw_5590/*.jpg``, ``lfw_net/net_7876/*.jpg``, ``trainImageList.txt`` and ``testImageList.txt``, as the
``train.zip`` of http://mmlab.ie.cuhk.edu.hk/archive/CNN_FacePoint.htm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from datamodules.datasets.annotations import Problem, parse_finite, raise_first, read_lines
from datamodules.images import read_rgb
from datamodules.samples import Preview

LfwNetSplit = Literal["train", "test"]
"""The two official lists."""

_NUMBERS = 14


@dataclass(frozen=True)
class LfwNetSample:
    """One face as stored on disk.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        box: ``(4,)`` float32 pixels: x1, y1, x2, y2 (the list has x1, x2, y1, y2).
        landmarks: ``(5, 2)`` float32 pixels.
        path: The image file.
    """

    image: NDArray[np.uint8]
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    path: Path


@dataclass(frozen=True)
class LfwNetAnnotation:
    """The annotation of one image in an official list.

    Attributes:
        name: Path of the image below the set's folder, with forward slashes.
        line: Line number, starting at 1.
        box: ``(4,)`` float32 pixels: x1, y1, x2, y2.
        landmarks: ``(5, 2)`` float32 pixels.
    """

    name: str
    line: int
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]


class LfwNet(Dataset[LfwNetSample]):
    """The faces of one official list, in the same order.

    Attributes:
        annotations: The lines of the list.

    Raises:
        DataError: The list is missing or malformed; the message names file and line.
    """

    def __init__(self, folder: Path, split: LfwNetSplit) -> None:
        self.folder = folder
        path = list_path(folder, split)
        lines = read_lines(path, f"is --root (--data.root) the folder with {folder.name}/?")
        self.annotations, problems = parse_annotations(lines)
        raise_first(path, problems)

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, index: int) -> LfwNetSample:
        annotation = self.annotations[index]
        path = self.folder / annotation.name
        return LfwNetSample(read_rgb(path), annotation.box, annotation.landmarks, path)


def preview_person(sample: LfwNetSample) -> Preview:
    """A photo with its box and landmarks."""
    return Preview(sample.image, sample.box[None], sample.landmarks)


def list_path(folder: Path, split: LfwNetSplit) -> Path:
    """The official list of a split."""
    return folder / f"{split}ImageList.txt"


def parse_annotations(lines: Sequence[str]) -> tuple[list[LfwNetAnnotation], list[Problem]]:
    r"""Parse an official list, with ``folder\file.jpg x1 x2 y1 y2`` and five ``x y`` pairs per line.

    Returns:
        The valid lines, and the problems of the others.
    """
    annotations: list[LfwNetAnnotation] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        name, *words = line.split() or [""]
        values = parse_finite(words)
        if not name:
            continue
        if len(words) != _NUMBERS:
            problems.append(Problem(number, f"{len(words)} values after the name, expected {_NUMBERS}"))
        elif values is None:
            problems.append(Problem(number, f"expected {_NUMBERS} finite numbers, found '{' '.join(words)}'"))
        else:
            left, right, top, bottom, *points = values
            box = np.array([left, top, right, bottom], dtype=np.float32)
            landmarks = np.array(points, dtype=np.float32).reshape(5, 2)
            annotations.append(LfwNetAnnotation(name.replace("\\", "/"), number, box, landmarks))
    return annotations, problems
