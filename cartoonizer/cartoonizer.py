"""The whole chain, from a photo to a cartoon of each face: detect, align, cut out, translate, finish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Literal

from cartoonizer.arrays import Pixels
from cartoonizer.decode import Photo, decode
from cartoonizer.detector import Detection
from cartoonizer.drawing import OWN, Artist
from cartoonizer.face import Face
from cartoonizer.finder import Finder, Framed
from cartoonizer.geometry import scaled
from cartoonizer.manifest import Manifest
from cartoonizer.model_file import OWN_MODEL, read_model

Faces = Literal["largest", "all"] | int
"""Selection of a photo's faces: the largest, all, or a maximum number, largest first."""

_AT_ONCE = 16
"""Maximum number of cartoons per batch."""


def limit_of(faces: Faces) -> int | None:
    """The maximum number of faces of a selection; None for all.

    Raises:
        ValueError: It is no selection.
    """
    if faces == "all":
        return None
    if faces == "largest":
        return 1
    if isinstance(faces, int) and faces >= 0:
        return faces
    raise ValueError(f"unknown faces {faces!r}, expected 'largest', 'all' or a maximum number")


class Cartoonizer:
    """Turns photos into cartoons. Thread-safe.

    ::

        cartoonizer = Cartoonizer()
        for face in cartoonizer("party.jpg", hair="blonde"):
            face.cartoon.save("one.png")

    Args:
        model: File of ``cartoongan export``; by default the bundled one.
        threads: Threads per network; 0 for one per core.
        finish: Apply the model's finisher, if it has one: clean, larger cartoons with an alpha channel.

    Raises:
        ModelError: The file is missing, damaged, foreign or newer than this package.
    """

    def __init__(self, model: str | Path | None = None, threads: int = 0, finish: bool = True) -> None:
        file = read_model(Path(model or OWN_MODEL))
        self._manifest = file.manifest
        self._finder = Finder(file, threads)
        self._artist = Artist(file, threads, finish)

    @property
    def manifest(self) -> Manifest:
        """The manifest of the model."""
        return self._manifest

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Labels and their classes, such as ``{"hair": ("black", "brown", "blonde", "grey")}``."""
        return self._manifest.labels

    def __call__(self, photo: Photo, faces: Faces = "all", **labels: str | Sequence[str]) -> list[Face]:
        """Turn the faces of a photo into cartoons.

        Args:
            photo: A path, the bytes of a file, a PIL image, or an array ``(H, W, 3)`` uint8 RGB.
            faces: The largest face, all faces, or a maximum number; largest first.
            labels: For each name in ``labels``, one class, or several for one cartoon each per face. The default "own"
                is the class that the classifier finds in the photo.

        Returns:
            Cartoons, face by face; empty if no face is found.

        Raises:
            PhotoError: The photo is missing, damaged, too large, or not a photo.
            ValueError: An array has a wrong shape or dtype, ``faces`` is none of these, or the model does not support a
                label or class.
        """
        return self.batch([photo], faces, **labels)[0]

    def batch(self, photos: Iterable[Photo], faces: Faces = "all", **labels: str | Sequence[str]) -> list[list[Face]]:
        """Turn several photos into cartoons in batches; see ``__call__``."""
        choices = self._choices(labels)
        framed = [self._frame(pixels, self.find(pixels, faces)) for pixels in map(decode, photos)]
        drawn = iter(self._draw([each for several in framed for each in several], choices))
        return [[next(drawn) for _ in range(len(several) * len(choices))] for several in framed]

    def find(self, photo: Photo, faces: Faces = "all") -> list[Detection]:
        """Find the faces of a photo, largest first; see ``__call__``."""
        return self._finder(decode(photo), limit_of(faces))

    def draw(self, photo: Photo, found: Iterable[Detection], **labels: str | Sequence[str]) -> list[Face]:
        """Draw cartoons of faces from ``find``, or with otherwise known landmarks; see ``__call__``."""
        return self._draw(self._frame(decode(photo), found), self._choices(labels))

    def _frame(self, photo: Pixels, found: Iterable[Detection]) -> list[Framed]:
        return [self._finder.frame(photo, each) for each in found]

    def _choices(self, labels: dict[str, str | Sequence[str]]) -> list[dict[str, str]]:
        """All combinations of the requested classes.

        Raises:
            ValueError: The model does not support a label or class.
        """
        known = self.labels
        requested = {name: [given] if isinstance(given, str) else list(given) for name, given in labels.items()}
        for name, classes in requested.items():
            if name not in known and set(classes) != {OWN}:
                raise ValueError(f"{self._manifest.name} has no label {name!r}, only: {', '.join(known) or 'none'}")
            if unknown := [one for one in classes if one not in (OWN, *known.get(name, ()))]:
                expected = ", ".join((OWN, *known[name]))
                raise ValueError(f"unknown {name} {unknown[0]!r}, expected {expected}")
        each = [requested.get(name, [OWN]) for name in known]
        return [dict(zip(known, combination, strict=True)) for combination in product(*each)]

    def _draw(self, framed: Sequence[Framed], choices: Sequence[dict[str, str]]) -> list[Face]:
        """Draw each face for each choice."""
        drawn: list[Face] = []
        size = max(1, _AT_ONCE // len(choices))
        for start in range(0, len(framed), size):
            drawn += self._draw_together(framed[start : start + size], choices)
        return drawn

    def _draw_together(self, framed: Sequence[Framed], choices: Sequence[dict[str, str]]) -> list[Face]:
        subjects = [self._artist.subject(each.frame, each.landmarks) for each in framed]
        own = self._artist.own_classes(subjects)
        trios = [(place, has, _resolved(choice, has)) for place, has in enumerate(own) for choice in choices]
        drawn = self._artist.draw([subjects[place] for place, *_ in trios], [choice for *_, choice in trios])
        factor = drawn.plain.shape[1] / self._manifest.frame.side
        return [
            _face(framed[place], sticker, plain, factor, choice, has)
            for sticker, plain, (place, has, choice) in zip(*drawn, trios, strict=True)
        ]


def _face(
    framed: Framed, sticker: Pixels, plain: Pixels, factor: float, choice: dict[str, str], own: dict[str, str]
) -> Face:
    matrix = scaled(framed.matrix, factor)
    return Face(sticker, plain, framed.frame.pixels, framed.detection, matrix, choice, own)


def _resolved(choice: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    """Replace "own" by the face's own classes; labels that the classifier does not predict are omitted."""
    return {name: own[name] if one == OWN else one for name, one in choice.items() if one != OWN or name in own}
