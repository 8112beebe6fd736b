"""A second style of cartoon heads with CartoonSet's framing: DiceBear's style "Big Ears".

The artwork is a remix of "Face Generator" by The Visual Team, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/,
https://www.figma.com/community/file/986078800058673824), as distributed in the package dicebear-styles. Here, parts are
selected, recoloured and stretched, and glasses are added. Heads are frontal and every part has a fixed position, so the
landmarks are known exactly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import numpy as np
from dicebear import Avatar, Style
from numpy.typing import NDArray

from datamodules.datasets.cartoonset import NO_GLASSES
from datamodules.sample_data.cartoons import FACE_TONES, GLASSES_TONES, HAIR_TONES, SIDE, render

Bytes = NDArray[np.uint8]
Point = tuple[float, float]

CREDIT = """\
These cartoons are changed versions of "Face Generator" by The Visual Team
(https://www.figma.com/community/file/986078800058673824), in the style "Big Ears" of DiceBear,
licensed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/): parts were chosen,
coloured, stretched, and glasses were added.
"""
"""Attribution that the licence requires with the pictures."""

STRETCH = (1.12, 1.03)
"""Horizontal and vertical scale from the artwork to ``SIDE`` pixels; its eyes are closer together than CartoonSet's."""

MIDDLE = (250.0, 264.0)
"""Position of the artwork's ``CENTRE`` in the output."""

CENTRE = (220.0, 283.0)
"""Centre of the face at eye level, in the artwork."""

NOSE_DOWN = 6.0
"""Downward shift of noses, in the artwork, towards their position in CartoonSet."""

HAIR_HEIGHT = 0.87
"""Vertical scale of the hair about eye level, so that the networks' crop does not cut it off."""

EYES: dict[str, tuple[Point, Point]] = {
    "variant02": ((187.0, 285.3), (258.8, 285.4)),
    "variant03": ((184.0, 284.9), (256.0, 284.9)),
    "variant04": ((180.9, 282.1), (262.1, 282.1)),
    "variant05": ((181.4, 282.6), (259.1, 282.6)),
    "variant14": ((183.1, 283.6), (254.1, 283.6)),
    "variant15": ((185.5, 283.0), (253.9, 282.4)),
    "variant23": ((180.9, 283.8), (259.6, 283.8)),
    "variant24": ((180.3, 280.8), (259.5, 280.8)),
    "variant26": ((180.3, 280.8), (259.5, 280.8)),
    "variant27": ((188.3, 277.9), (258.6, 277.4)),
    "variant28": ((184.3, 275.1), (255.5, 275.1)),
    "variant29": ((185.9, 274.3), (257.9, 274.3)),
    "variant30": ((183.4, 274.3), (255.9, 275.0)),
}
"""Eyes that are open and look straight ahead -> pupil centres in the artwork, image-left first."""

NOSES: dict[str, Point] = {
    "variant01": (220.0, 319.5),
    "variant07": (220.0, 318.5),
    "variant08": (220.1, 314.5),
    "variant10": (219.8, 320.0),
    "variant12": (219.9, 317.5),
}
"""Symmetric noses -> their base in the artwork, before ``NOSE_DOWN``."""

MOUTHS: dict[str, tuple[Point, Point]] = {
    "variant0101": ((197.8, 353.6), (242.8, 353.6)),
    "variant0102": ((197.8, 353.2), (242.8, 353.2)),
    "variant0103": ((197.5, 353.4), (242.5, 353.4)),
    "variant0201": ((196.8, 344.8), (241.5, 344.8)),
    "variant0202": ((197.0, 347.4), (242.0, 347.4)),
    "variant0203": ((197.0, 344.4), (242.0, 344.4)),
    "variant0301": ((196.8, 346.0), (242.2, 346.0)),
    "variant0302": ((196.8, 345.6), (242.2, 345.6)),
    "variant0303": ((195.5, 348.6), (243.5, 348.6)),
    "variant0601": ((182.5, 350.8), (254.8, 350.8)),
    "variant0602": ((182.5, 352.5), (254.8, 352.5)),
    "variant0603": ((182.5, 349.6), (254.8, 349.6)),
    "variant0701": ((197.8, 347.4), (242.8, 347.4)),
    "variant0702": ((191.5, 341.3), (249.5, 341.3)),
    "variant0704": ((197.8, 351.8), (242.8, 351.8)),
}
"""Mouths -> their corners in the artwork, image-left first."""

_MOUTH_WEIGHTS = (1, 1, 1, 2, 2, 3, 2, 2, 3, 1, 1, 1, 2, 4, 1)
"""Smiles are more frequent, as in photos."""

HEADS = tuple(f"variant{number:02d}" for number in (1, 2, 3, 6, 7, 8, 9, 10))
"""All heads except the two box-shaped ones."""

EARS = tuple(f"variant{number:02d}" for number in range(1, 9))
HAIR = (
    *(f"long{number:02d}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20)),
    *(f"short{number:02d}" for number in (1, 2, 4, 5, 6, 7, 8, 10, 11, 13, 14, 15, 16, 17, 18, 20)),
)
"""All hairstyles except those that touch or exceed the artwork's border."""

FRINGES = tuple(f"variant{number:02d}" for number in range(1, 13))
SIDEBURNS = tuple(f"variant{number:02d}" for number in range(1, 8))
DETAILS = ("variant01", "variant02", "variant05", "variant06")

_GLASSES_SHARE = 0.2
_SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True)
class BigEars:
    """A rendered head.

    Attributes:
        image: RGBA (500, 500, 4), white where transparent.
        attributes: Value and number of values of the CartoonSet attributes that are defined: ``hair_color`` and
            ``face_color``, as indices of ``HAIR_TONES`` and ``FACE_TONES``, and ``glasses``, a style or 11 for none.
        landmarks: (5, 2) float32 pixels, with pixel centres at whole numbers: image-left pupil, right pupil, nose base,
            image-left and right mouth corner.
    """

    image: Bytes
    attributes: dict[str, tuple[int, int]]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class Parts:
    """The parts of a head: names of the style's variants, and colours as "#rrggbb"."""

    eyes: str
    nose: str
    mouth: str
    head: str
    ears: str
    hair: str
    fringe: str
    sideburns: str
    details: str | None
    hair_tone: str
    skin_tone: str
    glasses: int
    glasses_tone: str


def draw_big_ears(rng: np.random.Generator, hair_colour: int | None = None) -> BigEars:
    """Draw a random head.

    Args:
        rng: Random generator.
        hair_colour: Index of the hair colour, 0 to 9; random by default.
    """
    colour = int(rng.integers(len(HAIR_TONES)))
    colour = colour if hair_colour is None else hair_colour
    face = int(rng.integers(len(FACE_TONES)))
    glasses = int(rng.integers(len(_FRAMES))) if rng.random() < _GLASSES_SHARE else NO_GLASSES
    weights = np.array(_MOUTH_WEIGHTS) / sum(_MOUTH_WEIGHTS)
    parts = Parts(
        eyes=_choice(rng, tuple(EYES)),
        nose=_choice(rng, tuple(NOSES)),
        mouth=tuple(MOUTHS)[int(rng.choice(len(MOUTHS), p=weights))],
        head=_choice(rng, HEADS),
        ears=_choice(rng, EARS),
        hair=_choice(rng, HAIR),
        fringe=_choice(rng, FRINGES),
        sideburns=_choice(rng, SIDEBURNS),
        details=_choice(rng, DETAILS) if rng.random() < 0.12 else None,
        hair_tone=HAIR_TONES[colour],
        skin_tone=FACE_TONES[face],
        glasses=glasses,
        glasses_tone=_choice(rng, GLASSES_TONES),
    )
    attributes = {"face_color": (face, len(FACE_TONES)), "hair_color": (colour, 10), "glasses": (glasses, 12)}
    return BigEars(render(head_svg(parts)), attributes, landmarks_of(parts))


def landmarks_of(parts: Parts) -> NDArray[np.float32]:
    """The five landmarks of a head from its parts, (5, 2) pixels."""
    nose_x, nose_y = NOSES[parts.nose]
    points = np.array([*EYES[parts.eyes], (nose_x, nose_y + NOSE_DOWN), *MOUTHS[parts.mouth]])
    # SVG coordinates refer to pixel edges; landmarks refer to pixel centres, half a pixel further.
    return np.asarray((points - CENTRE) * STRETCH + MIDDLE - 0.5, dtype=np.float32)


def head_svg(parts: Parts, left_out: str | None = None) -> str:
    """The SVG of a head with CartoonSet's framing.

    Args:
        parts: Its parts.
        left_out: A component of the style to omit, e.g. "mouth".
    """
    options: dict[str, Any] = {
        "eyesVariant": [parts.eyes],
        "noseVariant": [parts.nose],
        "mouthVariant": [parts.mouth],
        "headVariant": [parts.head],
        "earsVariant": [parts.ears],
        "hairVariant": [parts.hair],
        "frontHairVariant": [parts.fringe],
        "sideburnsVariant": [parts.sideburns],
        "detailsVariant": [parts.details or DETAILS[0]],
        "detailsProbability": 100 if parts.details else 0,
        "hairColor": [parts.hair_tone[1:]],
        "skinColor": [parts.skin_tone[1:]],
    }
    if left_out:
        options[f"{left_out}Probability"] = 0
    drawing = ElementTree.fromstring(str(Avatar(_style(), options)))
    shown = [child for child in drawing if not child.tag.endswith(("metadata", "title"))]
    content = "".join(ElementTree.tostring(child, encoding="unicode") for child in shown)
    (x, y), (left, top) = STRETCH, (m - c * s for m, c, s in zip(MIDDLE, CENTRE, STRETCH, strict=True))
    return (
        f'<svg xmlns="{_SVG}" fill="none" viewBox="0 0 {SIDE} {SIDE}">'
        f'<g transform="matrix({x} 0 0 {y} {left} {top})">{content}{_glasses(parts)}</g></svg>'
    )


@cache
def _style() -> Style:
    definition: dict[str, Any] = json.loads((files("dicebear_styles") / "big-ears.json").read_text(encoding="utf-8"))
    elements = definition["canvas"]["elements"]
    (nose,) = (element["attributes"] for element in elements if element["name"] == "nose")
    (hair,) = (element["attributes"] for element in elements if element["name"] == "hair")
    hair["transform"] = f"translate(0 {CENTRE[1] * (1 - HAIR_HEIGHT)}) scale(1 {HAIR_HEIGHT}) {hair['transform']}"
    nose["transform"] = f"translate(0 {NOSE_DOWN}) {nose['transform']}"
    return Style(definition)


def _round(x: float, y: float) -> str:
    return f'<circle cx="{x}" cy="{y}" r="27"/>'


def _square(x: float, y: float) -> str:
    return f'<rect x="{x - 29}" y="{y - 22}" width="58" height="44" rx="9"/>'


def _wide(x: float, y: float) -> str:
    return f'<rect x="{x - 30}" y="{y - 18}" width="60" height="40" rx="18"/>'


_FRAMES = (_round, _square, _wide)


def _glasses(parts: Parts) -> str:
    if parts.glasses == NO_GLASSES:
        return ""
    frame, ((left, y), (right, _)) = _FRAMES[parts.glasses], EYES[parts.eyes]
    bridge = f'<path d="M{left + 28} {y - 6} Q{(left + right) / 2} {y - 13} {right - 28} {y - 6}"/>'
    temples = f'<path d="M{left - 28} {y - 7} L138 {y - 12} M{right + 28} {y - 7} L302 {y - 12}"/>'
    line = f'stroke="{parts.glasses_tone}" stroke-width="4.5" fill="none" stroke-linecap="round"'
    return (
        f'<g fill="#fff" fill-opacity="0.15">{frame(left, y)}{frame(right, y)}</g>'
        f"<g {line}>{frame(left, y)}{frame(right, y)}{bridge}{temples}</g>"
    )


def _choice(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(rng.integers(len(names)))]
