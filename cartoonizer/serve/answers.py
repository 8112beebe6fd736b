"""Responses to requests for cartoons."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from cartoonizer.cartoonizer import Cartoonizer, Faces
from cartoonizer.decode import decode
from cartoonizer.drawing import OWN
from cartoonizer.face import Face
from cartoonizer.pictures import png, resized
from cartoonizer.records import described
from cartoonizer.serve.limits import Limits

ALL = "all"


class WishError(ValueError):
    """A parameter of a request is invalid. The message names it."""


@dataclass(frozen=True)
class Wish:
    """Parameters of a request.

    Attributes:
        labels: The classes of each label.
        faces: The selected faces.
        size: Side of a cartoon in pixels; None for the model's.
    """

    labels: Mapping[str, list[str]]
    faces: Faces = "all"
    size: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], known: Mapping[str, tuple[str, ...]]) -> Wish:
        """Parse a query string.

        Args:
            query: Its parameters.
            known: Classes of the model's labels.

        Raises:
            WishError: A parameter or its value is unknown.
        """
        expected = [*known, "faces", "size"]
        if unknown := [name for name in query if name not in expected]:
            raise WishError(f"Unknown parameter {unknown[0][:40]!r}; expected {', '.join(expected)}.")
        labels = {name: _classes(name, query.get(name, OWN), classes) for name, classes in known.items()}
        faces = query.get("faces", ALL)
        if faces == "largest":
            return cls(labels, "largest", _size(query.get("size")))
        if faces != ALL:
            raise WishError("faces must be 'largest' or 'all'.")
        return cls(labels, "all", _size(query.get("size")))


def answer(cartoonizer: Cartoonizer, encoded: bytes, wish: Wish, limits: Limits) -> dict[str, object]:
    """The faces of a photo and their cartoons as plain values.

    Raises:
        PhotoError: The bytes are not a photo, or it is too large.
    """
    photo = decode(encoded, limits.pixels)
    made = cartoonizer(photo, limits.faces if wish.faces == "all" else wish.faces, **wish.labels)
    rows: dict[int, list[Face]] = {}
    for face in made:
        rows.setdefault(id(face.detection), []).append(face)
    height, width = photo.shape[:2]
    return {"width": width, "height": height, "faces": [_described(row, wish.size) for row in rows.values()]}


def _described(row: list[Face], size: int | None) -> dict[str, object]:
    first = described(row[0])
    kept = {key: first[key] for key in ("box", "landmarks", "score", "own")}
    cartoons = [{"labels": dict(face.labels), "png": _data(_sized(face.cartoon, size))} for face in row]
    return kept | {"photo": _jpeg(row[0].photo), "cartoons": cartoons}


def _sized(cartoon: Image.Image, size: int | None) -> Image.Image:
    return cartoon if size is None else resized(cartoon, (size, size))


def _data(picture: Image.Image) -> str:
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode()


def _jpeg(photo: Image.Image) -> str:
    buffer = BytesIO()
    photo.save(buffer, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _classes(name: str, text: str, known: tuple[str, ...]) -> list[str]:
    if text == ALL:
        return list(known)
    if text not in (OWN, *known):
        raise WishError(f"{name} must be one of {', '.join((OWN, *known, ALL))}.")
    return [text]


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 16 <= int(text) <= 1024):
        raise WishError("size must be a number of pixels from 16 to 1024.")
    return int(text)
