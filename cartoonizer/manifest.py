"""The manifest of a model file: geometry, sizes and inputs. No other code depends on a specific model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cartoonizer.arrays import Floats

FORMAT = 1
"""Version of the model file format."""

InputKind = Literal["photo", "landmarks", "label"]


class ManifestError(Exception):
    """A manifest is invalid."""


@dataclass(frozen=True)
class FrameSettings:
    """The upright frame that is cut out of a photo.

    Attributes:
        side: Side in pixels.
        landmarks: ``(5, 2)`` target positions of eyes, nose and mouth corners, relative to the side.
    """

    side: int
    landmarks: Floats

    def points(self, side: int) -> Floats:
        """The landmarks in pixels of the frame at another size."""
        return self.landmarks * np.float32(side) - np.float32(0.5)


@dataclass(frozen=True)
class DetectorSettings:
    """Settings of the face detector.

    Attributes:
        searched_side: Maximum longer side in pixels at which a photo is searched.
        least_face: Minimum face size in pixels of the searched photo.
        thresholds: Minimum scores of the three networks.
        pyramid_factor: Scale ratio between two pyramid levels.
        landmark_offset: Offset in pixels from the network's landmark coordinates to pixel centres.
        face: ``(5, 2)`` positions of the landmarks in the square around a face, relative to its side.
    """

    searched_side: int
    least_face: float
    thresholds: tuple[float, float, float]
    pyramid_factor: float
    landmark_offset: float
    face: Floats


@dataclass(frozen=True)
class BackgroundSettings:
    """Settings of background removal.

    Attributes:
        side: Input side of the background network in pixels.
        channel: Index of the matte to use.
    """

    side: int
    channel: int


@dataclass(frozen=True)
class TranslatorInput:
    """An input of the translator.

    Attributes:
        name: Its name in the network.
        kind: The framed photo, its landmarks, or a label.
        classes: Names of a label's classes.
    """

    name: str
    kind: InputKind
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """Description of a model.

    Attributes:
        name: Name of the model.
        terms: Terms of use.
        frame: The frame of a face.
        detector: Settings of the face detector.
        side: Input side of the translator in pixels.
        inputs: Inputs of the translator.
        background: Settings of background removal; None if photos keep their background.
        classes: Classes of the classifier by its output.
        has_finisher: Whether the model has a finisher.
        files: SHA-256 of the networks' files by name.
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
        """Classes of each of the translator's labels."""
        return {each.name: each.classes for each in self.inputs if each.kind == "label"}

    @classmethod
    def of(cls, words: Any) -> Manifest:
        """Parse a manifest from a JSON object.

        Raises:
            ManifestError: It is invalid, or has a newer format.
        """
        try:
            version = words["format"]
            if not isinstance(version, int) or version > FORMAT:
                raise ManifestError(f"has format {version}, this package reads up to {FORMAT}; update the package")
            return _parse(words)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
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
