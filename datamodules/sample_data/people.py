"""Random traits of a person, and the corresponding CelebA attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

HairColour = Literal["black", "brown", "blonde", "grey", "red"]
HairStyle = Literal["short", "parted", "long", "curly", "buzz", "bald"]
Beard = Literal["none", "stubble", "full", "goatee", "moustache"]
Tone = tuple[float, float, float]

HAIR_COLOURS: tuple[HairColour, ...] = ("black", "brown", "blonde", "grey")
"""The paper's four hair colours."""

HAIR_TONES: dict[HairColour, Tone] = {
    "black": (0.10, 0.085, 0.08),
    "brown": (0.36, 0.225, 0.135),
    "blonde": (0.80, 0.64, 0.385),
    "grey": (0.69, 0.69, 0.70),
    "red": (0.64, 0.26, 0.10),
}
"""Mean sRGB tone in [0, 1] of every hair colour."""

SKIN_TONES: tuple[Tone, ...] = (
    (0.96, 0.83, 0.75),
    (0.92, 0.75, 0.64),
    (0.85, 0.66, 0.53),
    (0.76, 0.56, 0.42),
    (0.60, 0.42, 0.30),
    (0.44, 0.29, 0.21),
)
IRIS_TONES: tuple[Tone, ...] = ((0.25, 0.14, 0.08), (0.36, 0.22, 0.11), (0.31, 0.36, 0.22), (0.32, 0.45, 0.58))

ATTRIBUTE_NAMES: tuple[str, ...] = (
    "5_o_Clock_Shadow",
    "Arched_Eyebrows",
    "Attractive",
    "Bags_Under_Eyes",
    "Bald",
    "Bangs",
    "Big_Lips",
    "Big_Nose",
    "Black_Hair",
    "Blond_Hair",
    "Blurry",
    "Brown_Hair",
    "Bushy_Eyebrows",
    "Chubby",
    "Double_Chin",
    "Eyeglasses",
    "Goatee",
    "Gray_Hair",
    "Heavy_Makeup",
    "High_Cheekbones",
    "Male",
    "Mouth_Slightly_Open",
    "Mustache",
    "Narrow_Eyes",
    "No_Beard",
    "Oval_Face",
    "Pale_Skin",
    "Pointy_Nose",
    "Receding_Hairline",
    "Rosy_Cheeks",
    "Sideburns",
    "Smiling",
    "Straight_Hair",
    "Wavy_Hair",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necklace",
    "Wearing_Necktie",
    "Young",
)
"""CelebA's forty attributes in the order of ``list_attr_celeba.txt``."""


@dataclass(frozen=True)
class Person:
    """Appearance of a person, independent of pose and light.

    Attributes:
        male: Whether the traits are a man's.
        skin: Mean sRGB tone of the skin in [0, 1].
        pallor: Position in the range of skin tones, 0 palest to 1 darkest.
        hair: Colour of hair, brows and beard.
        hair_tone: sRGB tone of that colour for this person.
        style: Cut of the hair.
        bangs: Whether hair falls over the forehead.
        hairline: Height of the hairline over the eyes in millimetres.
        hat: Whether a knitted hat is worn.
        beard: Cut of the beard.
        glasses: Whether glasses are worn.
        smile: 0 neutral to 1 broad.
        mouth_open: Gap between the lips in millimetres.
        lipstick: Whether the lips are painted.
        iris: sRGB tone of the iris.
        eye_open: Height of the eye opening, relative to the mean.
        brow: Thickness of the brows in millimetres.
        brow_arch: Rise of the brows in millimetres.
        nose: Size of the nose, relative to the mean.
        lips: Fullness of the lips, relative to the mean.
        jaw: -1 pointed to 1 square.
        rosy: Redness of the cheeks in [0, 1].
        lines: Depth of the folds in [0, 1].
        clothes: sRGB tone of the clothes.
    """

    male: bool
    skin: Tone
    pallor: float
    hair: HairColour
    hair_tone: Tone
    style: HairStyle
    bangs: bool
    hairline: float
    hat: bool
    beard: Beard
    glasses: bool
    smile: float
    mouth_open: float
    lipstick: bool
    iris: Tone
    eye_open: float
    brow: float
    brow_arch: float
    nose: float
    lips: float
    jaw: float
    rosy: float
    lines: float
    clothes: Tone


def random_person(rng: np.random.Generator, hair: HairColour | None = None) -> Person:
    """Sample a random person.

    Args:
        rng: Random generator.
        hair: Hair colour; random by default. About one person in twelve is an exception: red-haired, bald or with a
            hat.

    Returns:
        The person.
    """
    requested = hair or HAIR_COLOURS[rng.integers(4)]
    exception = _choose(rng, ("none", "red", "bald", "hat"), (0.92, 0.03, 0.025, 0.025))
    male = exception == "bald" or bool(rng.random() < 0.5)
    colour: HairColour = "red" if exception == "red" else requested
    style: HairStyle = "bald" if exception == "bald" else _random_style(rng, male)
    pallor = _random_pallor(rng, colour)
    smiling = rng.random() < 0.5
    beard: Beard = _random_beard(rng) if male else "none"
    old = colour == "grey"
    return Person(
        male=male,
        skin=_between(SKIN_TONES, pallor),
        pallor=pallor,
        hair=colour,
        hair_tone=_vary(rng, HAIR_TONES[colour], 0.04 if colour == "grey" else 0.09),
        style=style,
        bangs=style in ("short", "long", "parted") and exception != "hat" and bool(rng.random() < 0.25),
        hairline=float(rng.uniform(48, 60) + (14 if male and old and rng.random() < 0.4 else 0)),
        hat=exception == "hat",
        beard=beard,
        glasses=bool(rng.random() < 0.15),
        smile=float(rng.uniform(0.55, 1.0) if smiling else rng.uniform(0.0, 0.15)),
        mouth_open=float(rng.uniform(4, 9) if rng.random() < (0.6 if smiling else 0.2) else 0.0),
        lipstick=not male and bool(rng.random() < 0.5),
        iris=IRIS_TONES[rng.integers(2 if pallor > 0.5 else 4)],
        eye_open=float(rng.uniform(0.62, 1.15)),
        brow=float(rng.uniform(3.2, 5.4) if male else rng.uniform(2.0, 3.6)),
        brow_arch=float(rng.uniform(0.5, 2.5) if male else rng.uniform(1.5, 5.0)),
        nose=float(rng.uniform(0.8, 1.3)),
        lips=float(rng.uniform(0.7, 1.1) if male else rng.uniform(0.8, 1.4)),
        jaw=float(rng.uniform(-0.2, 1) if male else rng.uniform(-1, 0.4)),
        rosy=float(rng.uniform(0, 1)),
        lines=float(rng.uniform(0.5, 1.0) if old else rng.uniform(0.0, 0.45)),
        clothes=_vary(rng, (0.45, 0.45, 0.47), 0.8),
    )


def celeba_attributes(person: Person) -> dict[str, bool]:
    """CelebA's forty attributes of a person, in the official order; attributes that are never drawn are False."""
    bare = person.style == "bald"
    shown = not bare and not person.hat
    true = {
        "5_o_Clock_Shadow": person.beard == "stubble",
        "Arched_Eyebrows": person.brow_arch > 3.0,
        "Bald": bare and not person.hat,
        "Bangs": person.bangs,
        "Big_Lips": person.lips > 1.15,
        "Big_Nose": person.nose > 1.15,
        "Black_Hair": person.hair == "black" and shown,
        "Blond_Hair": person.hair == "blonde" and shown,
        "Brown_Hair": person.hair == "brown" and shown,
        "Gray_Hair": person.hair == "grey" and shown,
        "Bushy_Eyebrows": person.brow > 4.4,
        "Eyeglasses": person.glasses,
        "Goatee": person.beard == "goatee",
        "Male": person.male,
        "Mouth_Slightly_Open": person.mouth_open > 0,
        "Mustache": person.beard in ("moustache", "full", "goatee"),
        "Narrow_Eyes": person.eye_open < 0.72,
        "No_Beard": person.beard in ("none", "moustache"),
        "Pale_Skin": person.pallor < 0.08,
        "Receding_Hairline": shown and person.hairline > 61,
        "Rosy_Cheeks": person.rosy > 0.85,
        "Smiling": person.smile > 0.5,
        "Straight_Hair": shown and person.style in ("parted", "long"),
        "Wavy_Hair": shown and person.style == "curly",
        "Wearing_Hat": person.hat,
        "Wearing_Lipstick": person.lipstick,
        "Young": person.hair != "grey",
    }
    return {name: true.get(name, False) for name in ATTRIBUTE_NAMES}


def _random_style(rng: np.random.Generator, male: bool) -> HairStyle:
    styles: tuple[HairStyle, ...] = ("short", "parted", "long", "curly", "buzz")
    chances = (0.40, 0.25, 0.05, 0.15, 0.15) if male else (0.12, 0.18, 0.52, 0.18, 0.0)
    return styles[rng.choice(5, p=chances)]


def _random_beard(rng: np.random.Generator) -> Beard:
    beards: tuple[Beard, ...] = ("none", "stubble", "full", "goatee", "moustache")
    return beards[rng.choice(5, p=(0.5, 0.15, 0.17, 0.1, 0.08))]


def _random_pallor(rng: np.random.Generator, hair: HairColour) -> float:
    limits = {"black": (0.2, 1.0), "brown": (0.0, 0.7), "blonde": (0.0, 0.4), "grey": (0.0, 0.8), "red": (0.0, 0.2)}
    return float(rng.uniform(*limits[hair]))


def _choose(rng: np.random.Generator, names: tuple[str, ...], chances: tuple[float, ...]) -> str:
    return names[rng.choice(len(names), p=chances)]


def _vary(rng: np.random.Generator, tone: Tone, amount: float) -> Tone:
    light = float(rng.normal(0, amount * 0.6))
    red, green, blue = (float(np.clip(c * (1 + light + rng.normal(0, amount * 0.2)), 0.03, 0.97)) for c in tone)
    return red, green, blue


def _between(tones: tuple[Tone, ...], place: float) -> Tone:
    steps = np.linspace(0, 1, len(tones))
    red, green, blue = (float(np.interp(place, steps, [tone[i] for tone in tones])) for i in range(3))
    return red, green, blue
