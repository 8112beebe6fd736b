"""Pictures for the page: the same faces in all runs, and each run's worst cases."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.report.checkpoints import CheckpointState
from apps.report.numbers import printed
from apps.report.runs import MeasuredRun
from apps.trained_run import TrainedRun, common_photos, evenly
from datamodules.errors import DataError
from lightning_modules.runs import FACES_FILE, TEST_FOLDER

if TYPE_CHECKING:
    from torch import Tensor

_LOSSLESS_UP_TO = 128


@dataclass(frozen=True)
class FaceRow:
    """A photo and the runs' cartoons of it as data URIs, in the order of the runs."""

    name: str
    photo: str
    cartoons: Sequence[str]


@dataclass(frozen=True)
class Case:
    """A photo and its cartoon as data URIs, with a caption."""

    photo: str
    cartoon: str
    caption: str


@dataclass(frozen=True)
class WorstCases:
    """The worst faces of a run.

    Attributes:
        by_landmarks: Faces with the largest landmark errors.
        by_hair: Some faces whose cartoons have another hair colour than the photo.
        hair_summary: Their number; empty if hair was not evaluated.
    """

    by_landmarks: Sequence[Case]
    by_hair: Sequence[Case]
    hair_summary: str


@dataclass(frozen=True)
class Gallery:
    """Pictures of all runs.

    Attributes:
        titles: Titles of the runs.
        faces: The same photos, translated by all runs.
        worst: Worst cases by title of the run.
    """

    titles: Sequence[str]
    faces: Sequence[FaceRow]
    worst: Mapping[str, WorstCases]

    @property
    def has_worst(self) -> bool:
        """Whether there are any worst cases."""
        return any(cases.by_landmarks or cases.hair_summary for cases in self.worst.values())


@dataclass(frozen=True)
class JudgedFace:
    """A line of ``FACES_FILE``.

    Attributes:
        file: File name of the photo in its set.
        landmark_error: Landmark error in eye distances; None if unknown.
        hair: Hair colour of the photo; empty if unknown.
        hair_judged: Predicted hair colour of the cartoon; empty if unknown.
    """

    file: str
    landmark_error: float | None
    hair: str
    hair_judged: str

    @property
    def has_other_hair(self) -> bool:
        """Whether the cartoon has another hair colour than the photo."""
        return bool(self.hair and self.hair_judged and self.hair != self.hair_judged)


def open_runs(measured: Sequence[MeasuredRun], root: Path | None = None) -> tuple[list[TrainedRun], list[str]]:
    """Open each run's tested checkpoint.

    Args:
        measured: The runs.
        root: Folder of the data sets; None for that of each test.

    Returns:
        The runs with an unchanged checkpoint and available photos, and warnings about the others.
    """
    opened, warnings = [], []
    for run in measured:
        problem = f"{run.checkpoint} {run.checkpoint_state}"
        if run.checkpoint_state is CheckpointState.AS_TESTED:
            try:
                opened.append(_open(run, root))
                continue
            except DataError as error:
                problem = str(error)
        warnings.append(f"no pictures of {run.title}: {problem}")
    return opened, warnings


def draw_gallery(runs: Sequence[TrainedRun], faces: int, worst: int) -> Gallery:
    """Translate test photos with each run.

    Args:
        runs: At least one.
        faces: Number of photos translated by all runs, evenly spread over their common photos.
        worst: Number of photos per kind of worst cases.

    Raises:
        DataError: A photo cannot be read, or the runs have none in common.
    """
    names = evenly(common_photos(runs), faces) if faces else []
    columns = [_cartoons(run, names) for run in runs]
    photos = _photos(max(runs, key=lambda run: run.image_size), names)
    rows = [FaceRow(name, photo, cartoons) for name, photo, *cartoons in zip(names, photos, *columns, strict=True)]
    titles = [run.title for run in runs]
    return Gallery(titles, rows, dict(zip(titles, (_worst_cases(run, worst) for run in runs), strict=True)))


def read_faces(path: Path) -> list[JudgedFace]:
    """The results of a test for each photo; empty if the test did not record them.

    Raises:
        DataError: The file is damaged.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_judged_face(record) for record in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise DataError(f"{path} is damaged ({error!r}); test the run again") from error


def worst_by_landmarks(faces: Sequence[JudgedFace], count: int) -> list[JudgedFace]:
    """The faces with the largest landmark errors, worst first."""
    known = [face for face in faces if face.landmark_error is not None]
    return sorted(known, key=lambda face: face.landmark_error or 0.0, reverse=True)[:count]


def worst_by_hair(faces: Sequence[JudgedFace], count: int) -> list[JudgedFace]:
    """Faces whose cartoons have another hair colour, evenly spread over all of them."""
    wrong = {face.file: face for face in faces if face.has_other_hair}
    return [wrong[file] for file in evenly(list(wrong), count)]


def _open(run: MeasuredRun, root: Path | None) -> TrainedRun:
    """Open a run and its photos.

    Raises:
        DataError: The checkpoint or the photos cannot be used.
    """
    root = root or run.data_root
    if root is not None and not root.is_dir():
        raise DataError(f"no such folder: {root}; if the data has moved, give its folder with --root")
    opened = TrainedRun.open(run.home, run.checkpoint, root)
    if not opened.photo_names:
        raise DataError("its test split has no photos")
    return opened


def _judged_face(record: Mapping[str, str | None]) -> JudgedFace:
    file, error, hair, judged = (record[key] for key in ("file", "landmark_error", "hair", "hair_judged"))
    if file is None or error is None or hair is None or judged is None:
        raise ValueError("a line is truncated")
    return JudgedFace(file, _known(float(error or "nan")), hair, judged)


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _worst_cases(run: TrainedRun, count: int) -> WorstCases:
    faces = read_faces(run.home / TEST_FOLDER / FACES_FILE)
    judged = [face for face in faces if face.hair and face.hair_judged]
    wrong = sum(face.has_other_hair for face in judged)
    summary = f"{wrong:,} of {len(judged):,} have another colour" if judged else ""
    by_landmarks, by_hair = worst_by_landmarks(faces, count), worst_by_hair(faces, count)
    errors = [f"error {printed(100 * (face.landmark_error or 0.0), 1)} %" for face in by_landmarks]
    colours = [f"{face.hair}, judged {face.hair_judged}" for face in by_hair]
    return WorstCases(_cases(run, by_landmarks, errors), _cases(run, by_hair, colours), summary)


def _cases(run: TrainedRun, faces: Sequence[JudgedFace], captions: Sequence[str]) -> list[Case]:
    names = [face.file for face in faces]
    return [Case(*case) for case in zip(_photos(run, names), _cartoons(run, names), captions, strict=True)]


def _photos(run: TrainedRun, names: Sequence[str]) -> list[str]:
    return _data_uris(run.photos(names).image) if names else []


def _cartoons(run: TrainedRun, names: Sequence[str]) -> list[str]:
    return _data_uris(run.cartoons(run.photos(names))) if names else []


def _data_uris(images: Tensor) -> list[str]:
    """Encode images (N, 3, H, W) in [-1, 1] as WebP data URIs; small ones losslessly."""
    from PIL import Image

    from networks.pixels import to_bytes

    pixels = to_bytes(images).permute(0, 2, 3, 1).numpy()
    uris = []
    for image in pixels:
        encoded = io.BytesIO()
        Image.fromarray(image).save(encoded, format="webp", quality=92, lossless=len(image) <= _LOSSLESS_UP_TO)
        uris.append(f"data:image/webp;base64,{base64.b64encode(encoded.getvalue()).decode()}")
    return uris
