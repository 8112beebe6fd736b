"""From a photo with faces anywhere in it to a cartoon of each: detect, align, cut out, translate, finish."""

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
"""Which faces of a photo: the largest, all, or the largest so many."""

_AT_ONCE = 16
"""Cartoons that are drawn together."""


class Cartoonizer:
    """Makes cartoons of photos. Several threads may use one at the same time.

    ::

        cartoonizer = Cartoonizer()
        for face in cartoonizer("party.jpg", hair="blonde"):
            face.cartoon.save("one.png")

    Args:
        model: File of ``cartoongan export``; by default the one that comes with the package.
        threads: Threads that a net uses; 0 is one for each core.
        finish: Finish the cartoons: clean, larger and with an alpha channel, where the model has a finisher.

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
        """What the model says of itself."""
        return self._manifest

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """What can be asked for, such as ``{"hair": ("black", "brown", "blonde", "grey")}``."""
        return self._manifest.labels

    def __call__(self, photo: Photo, faces: Faces = "all", **labels: str | Sequence[str]) -> list[Face]:
        """The cartoons of a photo.

        Args:
            photo: A path, the bytes of a file, a PIL image, or an array ``(H, W, 3)`` uint8 RGB.
            faces: The largest face, all of them, or the largest so many; largest first.
            labels: By the names of `labels`, one class or several, of each of which there is a cartoon of each face.
                "own", the default, is what the photo has by the classifier.

        Returns:
            Cartoons, face by face; none where no face is found.

        Raises:
            PhotoError: The photo is missing, damaged, too large or none.
            ValueError: An array of another form, or a label or class that the model does not know.
        """
        return self.batch([photo], faces, **labels)[0]

    def batch(self, photos: Iterable[Photo], faces: Faces = "all", **labels: str | Sequence[str]) -> list[list[Face]]:
        """The cartoons of several photos, drawn together; see `__call__`."""
        choices = self._choices(labels)
        framed = [self._frame(pixels, self.find(pixels, faces)) for pixels in map(decode, photos)]
        drawn = iter(self._draw([each for several in framed for each in several], choices))
        return [[next(drawn) for _ in range(len(several) * len(choices))] for several in framed]

    def find(self, photo: Photo, faces: Faces = "all") -> list[Detection]:
        """The faces of a photo, largest first; see `__call__`."""
        most = {"largest": 1, "all": None}[faces] if isinstance(faces, str) else faces
        return self._finder(decode(photo), most)

    def draw(self, photo: Photo, found: Iterable[Detection], **labels: str | Sequence[str]) -> list[Face]:
        """Cartoons of faces that `find` found, or whose landmarks are known otherwise; see `__call__`."""
        return self._draw(self._frame(decode(photo), found), self._choices(labels))

    def _frame(self, photo: Pixels, found: Iterable[Detection]) -> list[Framed]:
        return [self._finder.frame(photo, each) for each in found]

    def _choices(self, labels: dict[str, str | Sequence[str]]) -> list[dict[str, str]]:
        """Every combination of the classes that are asked for.

        Raises:
            ValueError: The model does not know one.
        """
        known = self.labels
        asked = {name: [given] if isinstance(given, str) else list(given) for name, given in labels.items()}
        for name, classes in asked.items():
            if name not in known and set(classes) != {OWN}:
                raise ValueError(f"{self._manifest.name} is told no {name!r}, only: {', '.join(known) or 'nothing'}")
            if unknown := [one for one in classes if one not in (OWN, *known.get(name, ()))]:
                expected = ", ".join((OWN, *known[name]))
                raise ValueError(f"unknown {name} {unknown[0]!r}, expected {expected}")
        each = [asked.get(name, [OWN]) for name in known]
        return [dict(zip(known, combination, strict=True)) for combination in product(*each)]

    def _draw(self, framed: Sequence[Framed], choices: Sequence[dict[str, str]]) -> list[Face]:
        """Each face as often as there are choices."""
        drawn: list[Face] = []
        most = max(1, _AT_ONCE // len(choices))
        for start in range(0, len(framed), most):
            drawn += self._draw_together(framed[start : start + most], choices)
        return drawn

    def _draw_together(self, framed: Sequence[Framed], choices: Sequence[dict[str, str]]) -> list[Face]:
        subjects = [self._artist.subject(each.frame, each.landmarks) for each in framed]
        own = self._artist.own_classes(subjects)
        trios = [(place, has, _resolved(choice, has)) for place, has in enumerate(own) for choice in choices]
        drawn = self._artist.draw([subjects[place] for place, *_ in trios], [wanted for *_, wanted in trios])
        factor = drawn.plain.shape[1] / self._manifest.frame.side
        return [
            _face(framed[place], sticker, plain, factor, wanted, has)
            for sticker, plain, (place, has, wanted) in zip(*drawn, trios, strict=True)
        ]


def _face(
    framed: Framed, sticker: Pixels, plain: Pixels, factor: float, wanted: dict[str, str], own: dict[str, str]
) -> Face:
    matrix = scaled(framed.matrix, factor)
    return Face(sticker, plain, framed.frame.pixels, framed.detection, matrix, wanted, own)


def _resolved(choice: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    """A choice with what the face has itself in place of "own"; labels that nobody judges are left out."""
    return {name: own[name] if one == OWN else one for name, one in choice.items() if one != OWN or name in own}
