"""Cluttered scenes with rendered faces and their boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.sample_data.backdrops import cluttered_backdrop, lay_over, photograph
from datamodules.sample_data.faces import FaceSample, draw_face, tilted
from datamodules.sample_data.geometry import CELEBA_POINTS, Floats
from datamodules.sample_data.people import HAIR_COLOURS, random_person

Bytes = NDArray[np.uint8]

SMALLEST, LARGEST = 15.0, 190.0
"""Smallest and largest height of a face, forehead to chin, in pixels."""

_CELEBA_FACE_HEIGHT = 112.0


@dataclass(frozen=True)
class SceneFace:
    """One face of a scene.

    Attributes:
        box: Left, top, width, height in whole pixels.
        blur: WIDER FACE's blur level, from the face's height: 0 clear, 1 normal, 2 heavy.
        unusual_pose: Whether the yaw exceeds 24 degrees.
    """

    box: tuple[int, int, int, int]
    blur: int
    unusual_pose: bool


@dataclass(frozen=True)
class Scene:
    """A drawn scene: RGB (H, W, 3) and its faces."""

    image: Bytes
    faces: list[SceneFace]


def draw_scene(rng: np.random.Generator, count: int) -> Scene:
    """Draw a scene of about 640 x 480 pixels.

    Args:
        rng: Random generator.
        count: Number of faces; fewer if there is no room for more.

    Returns:
        The scene, its faces ordered from small to large.
    """
    size = int(rng.integers(600, 681)), int(rng.integers(440, 521))
    image = cluttered_backdrop(rng, size)
    faces = []
    for centre, height in sorted(_places(rng, count, size), key=lambda place: place[1]):
        image, face = _put_face(rng, image, centre, height)
        faces.append(face)
    return Scene(photograph(rng, image, float(rng.uniform(0.3, 0.7))), faces)


def _places(rng: np.random.Generator, count: int, size: tuple[int, int]) -> list[tuple[Floats, float]]:
    limit = max(40.0, LARGEST / np.sqrt(max(1, count)) * 1.4)
    places: list[tuple[Floats, float]] = []
    for _ in range(count * 12):
        height = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(min(LARGEST, limit)))))
        margin = np.array([0.6, 0.75], np.float32) * height
        centre = rng.uniform(margin, np.array(size) - margin).astype(np.float32)
        if len(places) < count and not any(_occludes(centre, height, *other) for other in places):
            places.append((centre, height))
    return places


def _occludes(centre: Floats, height: float, other_centre: Floats, other_height: float) -> bool:
    """Whether the bust of the larger of two people would cover the smaller one's face."""
    offset = (centre - other_centre) * (1 if height < other_height else -1)
    large, small = max(height, other_height), min(height, other_height)
    beside = abs(offset[0]) > 1.25 * large + 0.6 * small
    apart = offset[1] < -(0.85 * large + 0.6 * small) or offset[1] > 2.25 * large + 0.6 * small
    return not (beside or apart)


def _put_face(rng: np.random.Generator, image: Bytes, centre: Floats, height: float) -> tuple[Bytes, SceneFace]:
    stand = (CELEBA_POINTS - np.array([88.75, 124.5], np.float32)) * (height / _CELEBA_FACE_HEIGHT) + centre
    stand = tilted(stand, float(rng.normal(0, 7)))
    low = np.maximum(np.floor(centre - np.array([1.35, 1.1]) * height), 0).astype(int)
    high = np.minimum(np.ceil(centre + np.array([1.35, 2.3]) * height), image.shape[1::-1]).astype(int)
    person = random_person(rng, HAIR_COLOURS[rng.integers(4)])
    sample = draw_face(rng, (int(high[0] - low[0]), int(high[1] - low[1])), stand - low.astype(np.float32), person)
    window = slice(low[1], high[1]), slice(low[0], high[0])
    painted = image.copy()
    painted[window] = lay_over(image[window], sample.image, sample.alpha)
    return painted, _annotated(sample, low, image.shape)


def _annotated(sample: FaceSample, low: NDArray[np.int_], shape: tuple[int, ...]) -> SceneFace:
    left, top, right, bottom = np.rint(sample.box + np.tile(low, 2)).astype(int)
    left, top = max(0, int(left)), max(0, int(top))
    width, height = min(int(right), shape[1]) - left, min(int(bottom), shape[0]) - top
    blur = 0 if height >= 60 else 1 if height >= 28 else 2
    return SceneFace((left, top, width, height), blur, abs(sample.pose.yaw) > 24)
