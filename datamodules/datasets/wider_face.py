"""WIDER FACE (Yang et al. 2016) in its published layout: photos of crowds, and a box and six attributes for each face.

``wider_face/WIDER_train/images/<event>/<name>.jpg``, the same for ``WIDER_val``, and
``wider_face_split/wider_face_{train,val}_bbx_gt.txt``, as the downloads of http://shuoyang1213.me/WIDERFACE/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cartoonizer.decode import SUFFIXES
from datamodules.datasets.annotations import Problem, parse_finite, raise_first, read_lines
from datamodules.images import read_rgb
from datamodules.samples import Preview

WiderSplit = Literal["train", "val"]
"""The splits with published boxes; those of the test split were never released."""

ATTRIBUTES: dict[str, int] = {"blur": 3, "expression": 2, "illumination": 2, "invalid": 2, "occlusion": 3, "pose": 2}
"""The six columns after the box, in file order, with their number of values (0, 1, ...)."""

_COLUMNS = 4 + len(ATTRIBUTES)
_NAME_ENDINGS = tuple(SUFFIXES)


@dataclass(frozen=True)
class WiderSample:
    """One photo and its faces as stored on disk.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        boxes: ``(N, 4)`` float32 pixels, x and y of the upper left corner, width, height; N may be 0. Official boxes
            can have zero size or exceed the image by a few pixels; filtering them is left to the caller.
        attributes: ``(N, 6)`` int64 in the order of ``ATTRIBUTES``.
        path: The image file.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    attributes: NDArray[np.int64]
    path: Path


@dataclass(frozen=True)
class WiderAnnotation:
    """The annotation of one image in the official list.

    Attributes:
        name: Path of the image below ``WIDER_<split>/images``.
        line: Line number of the name, starting at 1.
        boxes: ``(N, 4)`` float32 pixels: x, y, width, height.
        attributes: ``(N, 6)`` int64 in the order of ``ATTRIBUTES``.
        box_lines: Line number of each box.
    """

    name: str
    line: int
    boxes: NDArray[np.float32]
    attributes: NDArray[np.int64]
    box_lines: list[int]


class WiderFace(Dataset[WiderSample]):
    """The photos of one official split, in list order, including those without faces.

    Attributes:
        annotations: The annotation of each image.

    Raises:
        DataError: The list is missing or malformed; the message names file and line.
    """

    def __init__(self, folder: Path, split: WiderSplit) -> None:
        self.images = images_folder(folder, split)
        path = list_path(folder, split)
        lines = read_lines(path, f"is --root (--data.root) the folder with {folder.name}/?")
        self.annotations, problems = parse_annotations(lines)
        raise_first(path, problems)

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, index: int) -> WiderSample:
        annotation = self.annotations[index]
        path = self.images / annotation.name
        return WiderSample(read_rgb(path), annotation.boxes, annotation.attributes, path)


def preview_scene(sample: WiderSample) -> Preview:
    """A photo with its boxes."""
    corners = np.hstack([sample.boxes[:, :2], sample.boxes[:, :2] + sample.boxes[:, 2:]])
    return Preview(sample.image, boxes=corners)


def images_folder(folder: Path, split: WiderSplit) -> Path:
    """The image folder of a split."""
    return folder / f"WIDER_{split}" / "images"


def list_path(folder: Path, split: WiderSplit) -> Path:
    """The official list of a split's boxes."""
    return folder / "wider_face_split" / f"wider_face_{split}_bbx_gt.txt"


def parse_annotations(lines: Sequence[str]) -> tuple[list[WiderAnnotation], list[Problem]]:
    """Parse the official list: for each image its name, the number of faces, and one line per face.

    Images without faces have the count 0 and, in the official files, one line of zeros, which is optional here. A line
    with an image name always starts a new image, so a wrong count does not affect the rest of the file.

    Returns:
        The images without their malformed lines, and the problems of those lines.
    """
    annotations: list[WiderAnnotation] = []
    problems: list[Problem] = []
    for line, name, rows in _blocks(lines, problems):
        annotations.append(_parse_image(line, name, rows, problems))
    return annotations, problems


_Row = tuple[int, list[str]]


def _blocks(lines: Sequence[str], problems: list[Problem]) -> Iterator[tuple[int, str, list[_Row]]]:
    """Line number, name and rows of words of each image."""
    start, name, rows = 0, "", list[_Row]()
    for number, text in enumerate(lines, start=1):
        line = text.strip()
        if line.lower().endswith(_NAME_ENDINGS):
            if name:
                yield start, name, rows
            start, name, rows = number, line, []
        elif line and name:
            rows.append((number, line.split()))
        elif line:
            problems.append(Problem(number, f"expected the name of an image, found '{line}'"))
    if name:
        yield start, name, rows


def _parse_image(line: int, name: str, rows: list[_Row], problems: list[Problem]) -> WiderAnnotation:
    count = _parse_count(rows[0][1]) if rows else None
    if count is None:
        problems.append(Problem(rows[0][0] if rows else line, f"the number of faces of {name} is missing"))
    faces = rows if count is None else rows[1:]
    if count == 0 and len(faces) == 1 and set(faces[0][1]) == {"0"}:
        faces = []
    if count is not None and count != len(faces):
        problems.append(Problem(rows[0][0], f"{name} should have {count} boxes, but {len(faces)} follow"))
    parsed = [(number, face) for number, words in faces if (face := _parse_face(number, words, problems)) is not None]
    return WiderAnnotation(
        name,
        line,
        np.array([box for _, (box, _) in parsed], dtype=np.float32).reshape(-1, 4),
        np.array([attributes for _, (_, attributes) in parsed], dtype=np.int64).reshape(-1, len(ATTRIBUTES)),
        [number for number, _ in parsed],
    )


def _parse_count(words: list[str]) -> int | None:
    return int(words[0]) if len(words) == 1 and words[0].isascii() and words[0].isdigit() else None


def _parse_face(line: int, words: list[str], problems: list[Problem]) -> tuple[list[float], list[int]] | None:
    """Box and attributes of one line; None if malformed, after recording the problem."""
    if len(words) != _COLUMNS:
        problems.append(Problem(line, f"{len(words)} values, expected {_COLUMNS}"))
        return None
    values = parse_finite(words)
    if values is None:
        problems.append(Problem(line, f"expected {_COLUMNS} finite numbers, found '{' '.join(words)}'"))
        return None
    for (name, cardinality), value in zip(ATTRIBUTES.items(), values[4:], strict=True):
        if value not in range(cardinality):
            problems.append(Problem(line, f"{name} is {value:g}, but has only the values 0 to {cardinality - 1}"))
            return None
    return values[:4], [int(value) for value in values[4:]]
