"""Flat cartoon heads with the framing and the attributes of Google's CartoonSet."""

from __future__ import annotations

import io
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import python_avatars as avatars
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from datamodules.datasets.cartoonset import CLOSED_MOUTH, MOUTHS, NO_FACIAL_HAIR, NO_GLASSES, OPEN_MOUTH

Bytes = NDArray[np.uint8]

SIDE = 500
"""Width and height of a cartoon in pixels."""

LANDMARKS: tuple[tuple[float, float], ...] = ((205.8, 259.6), (293.2, 259.6), (249.4, 309.2), (225, 331), (273, 331))
"""Image-left pupil, right pupil, nose base, image-left and right mouth corner of every cartoon, pixels."""

HAIR_TONES = (
    "#ffde8a",
    "#ffbb4d",
    "#ed6f2f",
    "#c04a2a",
    "#d89a32",
    "#a15332",
    "#5b331c",
    "#1e1514",
    "#90a4ae",
    "#e0e0e0",
)
"""RGB of every ``hair_color``: light blonde, gold, orange, red, dark gold, auburn, brown, black, blue-grey, silver."""

FACE_TONES = (
    "#603d30",
    "#88594b",
    "#aa7454",
    "#c78b5d",
    "#d9a16e",
    "#e3b47e",
    "#eeaf94",
    "#f0c092",
    "#f6d8c1",
    "#fbcdb6",
    "#fbdbd1",
)
"""RGB of every ``face_color`` index, darkest first."""

EYE_TONES = ("#7a4a36", "#2f6fa8", "#5f9440", "#7d94a1", "#20120c")
GLASSES_TONES = ("#252c2f", "#7a4a2b", "#d9534f", "#f2d35b", "#f4f4f4", "#3f6fb5", "#ef9aa8")

HAIR_STYLES = (
    avatars.HairType.SHORT_FLAT,
    avatars.HairType.SHORT_ROUND,
    avatars.HairType.SHORT_WAVED,
    avatars.HairType.SHORT_CURLY,
    avatars.HairType.CAESAR,
    avatars.HairType.CAESAR_SIDE_PART,
    avatars.HairType.BUZZCUT,
    avatars.HairType.PIXIE,
    avatars.HairType.QUIFF,
    avatars.HairType.POMPADOUR,
    avatars.HairType.MOWGLI,
    avatars.HairType.SHORT_DREADS_1,
    avatars.HairType.SHORT_DREADS_2,
    avatars.HairType.BOB,
    avatars.HairType.BUN,
    avatars.HairType.CURLY,
    avatars.HairType.FRO,
    avatars.HairType.MIA_WALLACE,
    avatars.HairType.LONG_NOT_TOO_LONG,
    avatars.HairType.SHAGGY_MULLET,
    avatars.HairType.STRAIGHT_STRAND,
    avatars.HairType.WILD,
)
LONG_STYLES = range(13, 22)
BROWS = (
    avatars.EyebrowType.DEFAULT_NATURAL,
    avatars.EyebrowType.FLAT_NATURAL,
    avatars.EyebrowType.RAISED_EXCITED_NATURAL,
    avatars.EyebrowType.DEFAULT,
    avatars.EyebrowType.RAISED_EXCITED,
    avatars.EyebrowType.UP_DOWN_NATURAL,
)
GLASSES = (
    avatars.AccessoryType.PRESCRIPTION_2,
    avatars.AccessoryType.ROUND,
    avatars.AccessoryType.PRESCRIPTION_1,
    avatars.AccessoryType.SUNGLASSES,
    avatars.AccessoryType.WAYFARERS,
)
DARK_GLASSES = (3, 4)
BEARDS = (
    avatars.FacialHairType.BEARD_LIGHT,
    avatars.FacialHairType.BEARD_MEDIUM,
    avatars.FacialHairType.BEARD_MAGESTIC,
    avatars.FacialHairType.MOUSTACHE_MAGNUM,
    avatars.FacialHairType.MOUSTACHE_FANCY,
)
CARDINALITY: tuple[tuple[str, int], ...] = (
    ("eye_angle", 3),
    ("eye_lashes", 2),
    ("eye_lid", 2),
    ("chin_length", 3),
    ("eyebrow_weight", 2),
    ("eyebrow_shape", 14),
    ("eyebrow_thickness", 4),
    ("face_shape", 7),
    ("facial_hair", 15),
    ("hair", 111),
    ("eye_color", 5),
    ("face_color", 11),
    ("hair_color", 10),
    ("glasses", 12),
    ("glasses_color", 7),
    ("eye_slant", 3),
    ("eyebrow_width", 3),
    ("eye_eyebrow_distance", 3),
)
"""Names of the eighteen attributes, each with its number of values."""

# Part, x of its left and right corner, and their y, in the part's coordinates.
_MOUTHS = (
    (avatars.MouthType.SMILE, 35.1, 72.9, 14.5),
    (avatars.MouthType.TWINKLE, 40.0, 68.0, 15.5),
    (avatars.MouthType.DEFAULT, 40.0, 68.0, 15.5),
    (avatars.MouthType.SERIOUS, 42.0, 66.0, 21.0),
)
_WITH_TEETH = 0
# Part, x of its centre, and y of its base, in the part's coordinates.
_NOSES = (
    (avatars.NoseType.DEFAULT, 28.0, 16.0),
    (avatars.NoseType.SMALL, 28.0, 15.0),
    (avatars.NoseType.WIDE, 28.0, 18.0),
)
_SVG = "http://www.w3.org/2000/svg"
_SCALE, _SHIFT = 1.681, (27.6, 71.3)
_FACE_CORNER = (76.0, 82.0)


@dataclass(frozen=True)
class Cartoon:
    """A rendered cartoon.

    Attributes:
        image: RGBA (500, 500, 4), white where transparent.
        attributes: Value and number of values of each of the eighteen attributes, in the official order, and of
            ``mouth``, which the published set does not have.
    """

    image: Bytes
    attributes: dict[str, tuple[int, int]]


def draw_cartoon(rng: np.random.Generator, hair_colour: int | None = None) -> Cartoon:
    """Draw a random cartoon head.

    Args:
        rng: Random generator.
        hair_colour: Index of the hair colour, 0 to 9; random by default.

    Returns:
        The cartoon; its landmarks are ``LANDMARKS``.
    """
    values = _random_values(rng, hair_colour)
    mouth, nose = int(rng.choice(4, p=(0.45, 0.25, 0.2, 0.1))), int(rng.integers(3))
    image = render(cartoon_svg(values, mouth, nose))
    shown = OPEN_MOUTH if mouth == _WITH_TEETH else CLOSED_MOUTH
    attributes = {name: (values[name], count) for name, count in CARDINALITY}
    return Cartoon(image, attributes | {"mouth": (shown, MOUTHS)})


def render(svg: str) -> Bytes:
    """Render an SVG to RGBA (500, 500, 4), with RGB composited over white."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE, skip_system_fonts=True))
    drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    on_white = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn)
    on_white.putalpha(drawn.getchannel("A"))
    return np.asarray(on_white, np.uint8)


def cartoon_svg(values: dict[str, int], mouth: int, nose: int) -> str:
    """The SVG of a head with the given attribute values, mouth and nose."""
    hair = HAIR_TONES[values["hair_color"]]
    bare, unaided = values["facial_hair"] == NO_FACIAL_HAIR, values["glasses"] == NO_GLASSES
    avatar = avatars.Avatar(
        top=HAIR_STYLES[values["hair"]],
        eyebrows=BROWS[values["eyebrow_shape"]],
        eyes=None,
        nose=_NOSES[nose][0],
        mouth=_MOUTHS[mouth][0],
        facial_hair=avatars.FacialHairType.NONE if bare else BEARDS[values["facial_hair"]],
        skin_color=FACE_TONES[values["face_color"]],
        hair_color=hair,
        facial_hair_color=hair,
        accessory=avatars.AccessoryType.NONE if unaided else GLASSES[values["glasses"]],
        clothing=None,
    )
    drawing = ElementTree.fromstring(avatar.render())
    _trim_to_head(drawing, values)
    _place_features(drawing, values, mouth, nose)
    _paint_glasses(drawing, values)
    _flatten_masks(drawing, _darker(hair, 0.45))
    return _framed(drawing)


def _random_values(rng: np.random.Generator, hair_colour: int | None) -> dict[str, int]:
    values = {name: int(rng.integers(count)) for name, count in CARDINALITY}
    values["hair_color"] = values["hair_color"] if hair_colour is None else hair_colour
    values["hair"] = int(rng.integers(len(HAIR_STYLES)))
    values["eyebrow_shape"] = int(rng.integers(len(BROWS)))
    bearded = values["hair"] not in LONG_STYLES and rng.random() < 0.4
    values["facial_hair"] = int(rng.integers(len(BEARDS))) if bearded else NO_FACIAL_HAIR
    style = int(rng.choice(len(GLASSES), p=(0.35, 0.35, 0.2, 0.05, 0.05)))
    values["glasses"] = style if rng.random() < 0.25 else NO_GLASSES
    return values


def _find(drawing: ElementTree.Element, name: str) -> ElementTree.Element:
    found = drawing.find(f".//*[@id='transparent_{name}']")
    if found is None:
        raise LookupError(f"python_avatars has no part named {name!r}; version 1.4 is supported")
    return found


def _trim_to_head(drawing: ElementTree.Element, values: dict[str, int]) -> None:
    _find(drawing, "path-1").set("d", _head_outline(values["face_shape"], values["chin_length"]))
    body = _find(drawing, "Body")
    body.remove(_find(drawing, "Neck-Shadow"))
    outline = {"href": "#transparent_path-1", "fill": "none", "stroke": "#1b1512", "stroke-width": "1.7"}
    ElementTree.SubElement(body, f"{{{_SVG}}}use", outline)
    ears = {"fill": "none", "stroke": "#1b1512", "stroke-width": "0.9", "stroke-linecap": "round"}
    ElementTree.SubElement(body, f"{{{_SVG}}}path", {**ears, "d": "M44,76 L44.4,96 M156,76 L155.6,96"})


def _head_outline(shape: int, length: int) -> str:
    chin = 147 + 3.5 * length
    wide = 8 + 4.0 * shape
    low = 112 + 3.0 * shape
    return (
        "M100,0 C130.9,0 156,25.1 156,56 L156,62.2 C161.7,63.1 166,68.1 166,74 L166,88 "
        f"C166,94 161.5,99 155.7,99.9 C154,{low} {100 + wide + 18},{chin} 100,{chin} "
        f"C{100 - wide - 18},{chin} 46,{low} 44.3,99.9 "
        "C38.5,99 34,94 34,88 L34,74 C34,68.1 38.3,63.1 44,62.2 L44,56 C44,25.1 69.1,0 100,0 Z"
    )


def _place_features(drawing: ElementTree.Element, values: dict[str, int], mouth: int, nose: int) -> None:
    _, left, right, row = _MOUTHS[mouth]
    x, y = _within_face(*LANDMARKS[3])
    stretch = (LANDMARKS[4][0] - LANDMARKS[3][0]) / _SCALE / (right - left)
    scale = f"scale({stretch},{stretch * 0.8})"
    _find(drawing, "Mouth").set("transform", f"translate({x},{y}) {scale} translate({-left},{-row})")
    _, centre, base = _NOSES[nose]
    x, y = _within_face(*LANDMARKS[2])
    group = _find(drawing, "Nose")
    group.set("transform", f"translate({x - centre},{y - base})")
    _recolour(group, _darker(FACE_TONES[values["face_color"]], 0.45), opacity="0.5")
    brows = _find(drawing, "Eyebrow")
    brows.set("transform", f"translate(0,{1.0 - 2.0 * values['eye_eyebrow_distance']})")
    _recolour(brows, _darker(HAIR_TONES[values["hair_color"]], 0.7), opacity="1")
    _draw_eyes(_find(drawing, "Eyes"), values)


def _within_face(x: float, y: float) -> tuple[float, float]:
    return (x - _SHIFT[0]) / _SCALE - _FACE_CORNER[0], (y - _SHIFT[1]) / _SCALE - _FACE_CORNER[1]


def _draw_eyes(group: ElementTree.Element, values: dict[str, int]) -> None:
    x, y = _within_face(0, 0)
    group.set("transform", f"translate({x},{y}) scale({1 / _SCALE})")
    group.set("fill-opacity", "1")
    slant = 4.0 * (values["eye_slant"] - 1)
    for mirror, (column, row) in zip((1, -1), LANDMARKS[:2], strict=True):
        place = f"translate({column},{row}) scale({mirror},1) rotate({slant})"
        group.append(ElementTree.fromstring(f'<g xmlns="{_SVG}" transform="{place}">{_eye(values, mirror)}</g>'))


def _eye(values: dict[str, int], mirror: int) -> str:
    opening = "M-23,4 C-16,-8 -9,-14.5 1,-14.5 C11,-14.5 17,-4 16,14 C4,18 -11,16 -23,4 Z"
    lid = "M-23,4 C-16,-8 -9,-14.5 1,-14.5 C11,-14.5 17,-4 16,14"
    clip = f"opening{mirror}"
    parts = [
        f'<clipPath id="{clip}"><path d="{opening}"/></clipPath><path d="{opening}" fill="#fff"/>',
        f'<g clip-path="url(#{clip})"><circle r="12" fill="{EYE_TONES[values["eye_color"]]}"/>',
        '<circle r="6.5" fill="#0a0707"/></g>',
        f'<path d="{lid}" fill="none" stroke="#17100e" stroke-width="3.2" stroke-linecap="round"/>',
    ]
    if values["eye_lashes"]:
        lashes = "M-22,3 L-29,-1 M-19,-2 L-26,-8 M-15,-7 L-21,-14"
        parts.append(f'<path d="{lashes}" stroke="#17100e" stroke-width="2.2" stroke-linecap="round"/>')
    if values["eye_lid"]:
        parts.append('<path d="M-15,-13 C-8,-19 6,-21 13,-14" fill="none" stroke="#17100e" stroke-width="1.3"/>')
    return "".join(parts)


def _paint_glasses(drawing: ElementTree.Element, values: dict[str, int]) -> None:
    if values["glasses"] != NO_GLASSES:
        for element in drawing.iter():
            if element.get("fill") == "#252C2F":
                element.set("fill", GLASSES_TONES[values["glasses_color"]])


def _recolour(group: ElementTree.Element, tone: str, opacity: str) -> None:
    for element in group.iter():
        if element.get("fill") in ("#000000", "#000"):
            element.set("fill", tone)
        if element.get("fill-opacity") is not None:
            element.set("fill-opacity", opacity)


def _darker(tone: str, factor: float) -> str:
    return "#" + "".join(f"{round(int(tone[i : i + 2], 16) * factor):02x}" for i in (1, 3, 5))


def _flatten_masks(drawing: ElementTree.Element, outline: str) -> None:
    """Replace masked colour fills with outlined paths, which look the same and render faster."""
    line = {"stroke": outline, "stroke-width": "1.8", "paint-order": "stroke"}
    masks = {mask.get("id"): mask for mask in drawing.iter(f"{{{_SVG}}}mask")}
    for parent in list(drawing.iter()):
        for place, child in enumerate(list(parent)):
            mask = masks.get((child.get("mask") or "")[5:-1])
            name = child.get("id") or ""
            stroke = {} if name.endswith("Skin-Color") else line
            if name.endswith("Hair-Color") and mask is None:
                child.attrib.update(line)
            if mask is None or len(mask) != 1 or not name.endswith("Color"):
                continue
            flat = {**mask[0].attrib, "fill": child.get("fill") or "", "stroke-linejoin": "round", **stroke}
            parent[place] = ElementTree.Element(f"{{{_SVG}}}use", flat)


def _framed(drawing: ElementTree.Element) -> str:
    content = "".join(ElementTree.tostring(child, encoding="unicode") for child in drawing)
    return (
        f'<svg xmlns="{_SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {SIDE} {SIDE}">'
        f'<g transform="translate({_SHIFT[0]},{_SHIFT[1]}) scale({_SCALE})">{content}</g></svg>'
    )
