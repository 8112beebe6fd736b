"""What a model file says of itself: geometry, sizes and inputs. Nothing of a model is written in code but here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cartoonizer.arrays import Floats

FORMAT = 1
"""Version of the model file's form that this package reads."""

InputKind = Literal["photo", "landmarks", "label"]


class ManifestError(Exception):
    """A manifest is not what it must be."""


@dataclass(frozen=True)
class FrameSettings:
    """The upright frame that is cut out of a photo.

    Attributes:
        side: Pixels of its side.
        landmarks: ``(5, 2)`` where eyes, nose and mouth corners lie in it, in its sides from the upper left corner.
    """

    side: int
    landmarks: Floats

    def points(self, side: int) -> Floats:
        """The landmarks in pixels of the frame at another size."""
        return self.landmarks * np.float32(side) - np.float32(0.5)


@dataclass(frozen=True)
class DetectorSettings:
    """How faces are looked for.

    Attributes:
        searched_side: Pixels of the longer side at which a photo is searched, at most.
        least_face: Smallest face that is found, in pixels of the searched photo.
        thresholds: Lowest scores of the three nets that count as a face.
        pyramid_factor: Ratio of a pyramid level's side to that of the level before.
        landmark_offset: Pixels from a landmark as the net counts it to the middle of its pixel.
        face: ``(5, 2)`` where the landmarks lie in the square around a face, in its sides.
    """

    searched_side: int
    least_face: float
    thresholds: tuple[float, float, float]
    pyramid_factor: float
    landmark_offset: float
    face: Floats


@dataclass(frozen=True)
class BackgroundSettings:
    """What of a photo the translator wants to see; the rest becomes white.

    Attributes:
        side: Pixels of a side that the background net looks at.
        channel: Which of its mattes stays.
    """

    side: int
    channel: int


@dataclass(frozen=True)
class TranslatorInput:
    """One input of the translator.

    Attributes:
        name: Its name in the net.
        kind: The framed photo, its landmarks, or a label.
        classes: Names of a label's classes.
    """

    name: str
    kind: InputKind
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """Everything about a model but its nets.

    Attributes:
        name: What the model is called.
        terms: Under which terms it may be used.
        frame: The frame of a face.
        detector: How faces are looked for.
        side: Pixels of the framed photo that the translator takes.
        inputs: The translator's inputs.
        background: What is cut out; None where photos stay as they are.
        classes: Classes that the classifier tells apart, by its output.
        has_finisher: Whether cartoons are finished.
        files: SHA-256 of each net's file, by name.
    """

    name: str
    terms: str
    frame: FrameSettings
    detector: DetectorSettings
    side: int
    inputs: tuple[TranslatorInput, ...]
    background: BackgroundSettings | None
    classes: Mapping[str, tuple[str, ...]]
    has_finisher: bool
    files: Mapping[str, str]

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Classes of each label that the translator takes."""
        return {each.name: each.classes for each in self.inputs if each.kind == "label"}

    @classmethod
    def of(cls, words: Any) -> Manifest:
        """The manifest in a JSON object.

        Raises:
            ManifestError: It is none, or of a newer form.
        """
        try:
            version = words["format"]
            if not isinstance(version, int) or version > FORMAT:
                raise ManifestError(f"is of format {version}, this package reads up to {FORMAT}; update the package")
            return _parse(words)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ManifestError(f"has a manifest that cannot be read ({type(error).__name__}: {error})") from error


def _parse(words: Any) -> Manifest:
    translator, background = words["translator"], words["background"]
    return Manifest(
        name=str(words["name"]),
        terms=str(words["terms"]),
        frame=FrameSettings(_side(words["frame"]["side"]), _points(words["frame"]["landmarks"])),
        detector=_detector(words["detector"]),
        side=_side(translator["side"]),
        inputs=tuple(_input(each) for each in translator["inputs"]),
        background=background and BackgroundSettings(_side(background["side"]), int(background["channel"])),
        classes={str(name): tuple(map(str, classes)) for name, classes in words["classifier"].items()},
        has_finisher=bool(words["finisher"]),
        files={str(name): str(digest) for name, digest in words["files"].items()},
    )


def _detector(words: Any) -> DetectorSettings:
    first, second, third = map(float, words["thresholds"])
    return DetectorSettings(
        searched_side=_side(words["searched_side"]),
        least_face=_positive(words["least_face"]),
        thresholds=(first, second, third),
        pyramid_factor=_share(words["pyramid_factor"]),
        landmark_offset=float(words["landmark_offset"]),
        face=_points(words["face"]),
    )


def _input(words: Any) -> TranslatorInput:
    if words["kind"] not in ("photo", "landmarks", "label"):
        raise ValueError(f"an input of kind {words['kind']!r}")
    return TranslatorInput(str(words["name"]), words["kind"], tuple(map(str, words.get("classes", ()))))


def _points(values: Any) -> Floats:
    points = np.asarray(values, dtype=np.float32)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise ValueError("expected five points")
    return points


def _side(value: Any) -> int:
    if not isinstance(value, int) or not 8 <= value <= 4096:
        raise ValueError(f"a side of {value} pixels")
    return value


def _positive(value: Any) -> float:
    number = float(value)
    if not 0 < number < float("inf"):
        raise ValueError(f"{number} is not above 0")
    return number


def _share(value: Any) -> float:
    number = float(value)
    if not 0 < number < 1:
        raise ValueError(f"{number} is not between 0 and 1")
    return number
