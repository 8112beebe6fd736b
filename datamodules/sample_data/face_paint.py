"""The frontal face in millimetres: its relief, colours and landmark positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from datamodules.sample_data.geometry import Floats
from datamodules.sample_data.noise import smooth_noise
from datamodules.sample_data.people import Person

EYE_X, EYE_Y, NOSE_Y, MOUTH_Y, MOUTH_HALF = 31.5, 0.0, 41.0, 67.0, 26.5
_HALF_WIDTH, _HALF_HEIGHT = 80, 120


@dataclass(frozen=True)
class Canvas:
    """Frontal drawing plane of the face, 160 x 240 mm around the head's centre, x right and y down."""

    texels_per_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return round(2 * _HALF_HEIGHT * self.texels_per_mm), round(2 * _HALF_WIDTH * self.texels_per_mm)

    @cached_property
    def x(self) -> Floats:
        """Millimetres (1, W) right of the centre."""
        return (np.arange(self.shape[1], dtype=np.float32) / self.texels_per_mm - _HALF_WIDTH)[None, :]

    @cached_property
    def y(self) -> Floats:
        """Millimetres (H, 1) below the eyes."""
        return (np.arange(self.shape[0], dtype=np.float32) / self.texels_per_mm - _HALF_HEIGHT)[:, None]

    def bump(self, x: float, y: float, width: float, height: float) -> Floats:
        """A separable Gaussian (H, W) with peak 1."""
        column = np.exp(-0.5 * ((self.y - y) / height) ** 2)
        return np.asarray(np.exp(-0.5 * ((self.x - x) / width) ** 2) * column, np.float32)

    def pair(self, x: float, y: float, width: float, height: float) -> Floats:
        """The same bump on both sides of the face."""
        sides = np.exp(-0.5 * ((np.abs(self.x) - x) / width) ** 2)
        return np.asarray(sides * np.exp(-0.5 * ((self.y - y) / height) ** 2), np.float32)

    def sample(self, painting: Floats, x: Floats, y: Floats) -> Floats:
        """Values of a painting at points given in millimetres."""
        columns = (x + _HALF_WIDTH) * self.texels_per_mm
        rows = (y + _HALF_HEIGHT) * self.texels_per_mm
        mode = cv2.BORDER_REPLICATE
        return cv2.remap(painting, columns, rows, cv2.INTER_LINEAR, borderMode=mode).astype(np.float32)


@dataclass(frozen=True)
class FacePainting:
    """Colours of a face on its canvas.

    Attributes:
        albedo: sRGB (H, W, 3) in [0, 1], unlit.
        gloss: Strength of the highlight (H, W).
        glint: Constant highlight of eyes and teeth, independent of the lamp (H, W).
    """

    albedo: Floats
    gloss: Floats
    glint: Floats


def landmark_positions(person: Person) -> list[tuple[float, float]]:
    """Frontal millimetres of the five landmarks: image-left eye, right eye, nose tip, mouth corners."""
    half = MOUTH_HALF + 2.5 * person.smile
    return [(-EYE_X, EYE_Y), (EYE_X, EYE_Y), (0.0, NOSE_Y), (-half, MOUTH_Y), (half, MOUTH_Y)]


def face_relief(person: Person) -> Floats:
    """Relief (240, 160, 2) of the face, one texel per millimetre: height in millimetres, and width factor."""
    canvas = Canvas(1.0)
    nose = person.nose
    height = 3.5 * canvas.pair(26, -15, 15, 6) - 7.0 * canvas.pair(EYE_X, 0, 13, 8)
    height += 4.0 * canvas.pair(EYE_X, 1, 8, 6) - 3.0 * canvas.pair(12, 4, 5, 9)
    height += 6.0 * canvas.bump(0, 8, 6, 13) + 11.0 * canvas.bump(0, 29, 7, 11)
    height += nose * (11.0 * canvas.bump(0, 42, 9, 7) + 7.0 * canvas.pair(11.5 * nose, 45, 5, 5))
    height += 3.5 * canvas.pair(45, 27, 17, 13) + 8.0 * canvas.bump(0, 75, 30, 20)
    height += 3.0 * person.lips * (canvas.bump(0, 63, 18, 4) + 1.3 * canvas.bump(0, 76, 15, 4))
    height -= 2.5 * canvas.bump(0, 56, 4, 5) + 3.0 * canvas.pair(MOUTH_HALF + 3, MOUTH_Y, 4, 5)
    height += 22.0 * canvas.bump(0, 103, 24, 12) - 3.0 * canvas.bump(0, 87, 14, 3.5)
    height += person.smile * 4.0 * canvas.pair(40, 40, 10, 10)
    low = np.clip((canvas.y - 20) / 80, 0, 1)
    width = 1.0 + person.jaw * 0.10 * np.sin(np.pi * low)
    return np.dstack([height, np.broadcast_to(width, canvas.shape)]).astype(np.float32)


def paint_face(rng: np.random.Generator, person: Person, canvas: Canvas) -> FacePainting:
    """Paint skin, folds, brows, lips, eyes and beard."""
    albedo = _skin(rng, person, canvas)
    gloss = (
        np.full(canvas.shape, 0.13, np.float32) + 0.22 * canvas.bump(0, 25, 9, 22) + 0.16 * canvas.bump(0, -40, 25, 12)
    )
    glint = np.zeros(canvas.shape, np.float32)
    _folds(person, canvas, albedo)
    _mouth(person, canvas, albedo, gloss, glint)
    _facial_hair(rng, person, canvas, albedo, gloss)
    _brows(rng, person, canvas, albedo)
    for side in (-1.0, 1.0):
        _eye(person, canvas, albedo, gloss, glint, side)
    return FacePainting(np.clip(albedo, 0.01, 1), gloss, glint)


def _skin(rng: np.random.Generator, person: Person, canvas: Canvas) -> Floats:
    tone = np.array(person.skin, np.float32)
    red = 0.5 * canvas.pair(40, 36, 18, 15) * (0.4 + person.rosy) + 0.35 * canvas.bump(0, 42, 11, 8)
    red += 0.15 * canvas.bump(0, 100, 20, 10) + 0.25 * canvas.pair(EYE_X, 2, 16, 8)
    mottle = 1 + 0.018 * smooth_noise(rng, canvas.shape, 9 * canvas.texels_per_mm)
    mottle += 0.020 * smooth_noise(rng, canvas.shape, 1.2 * canvas.texels_per_mm)
    blush = np.array([-0.03, -0.17, -0.15], np.float32) * (0.6 + 0.4 * tone[0])
    return np.asarray(tone * mottle[..., None] * (1 + red[..., None] * blush), np.float32)


def _folds(person: Person, canvas: Canvas, albedo: Floats) -> None:
    shade = 0.16 * canvas.pair(EYE_X, -6, 15, 4) + 0.13 * canvas.pair(EYE_X - 4, 10, 12, 3.5)
    shade += 0.12 * canvas.pair(13, 3, 4, 8) + 0.10 * canvas.bump(0, 52, 12, 3)
    shade += 0.62 * canvas.pair(6.0 * person.nose, 49, 2.8, 1.5) + 0.14 * canvas.pair(15.5 * person.nose, 46, 1.6, 5)
    shade += 0.15 * canvas.bump(0, 87, 14, 3)
    fold = np.abs(canvas.x) - (19 + 0.55 * (canvas.y - 48))
    along = np.exp(-0.5 * ((canvas.y - 62) / 7) ** 2)
    shade += (0.08 + 0.22 * person.smile + 0.22 * person.lines) * np.exp(-0.5 * (fold / 1.6) ** 2) * along
    for row in (-30, -38, -46):
        shade += 0.10 * person.lines * canvas.bump(0, row, 26, 0.9)
    shade += 0.16 * person.lines * canvas.pair(EYE_X, 12, 11, 1.2)
    albedo *= (1 - np.minimum(shade, 0.85))[..., None] ** np.array([0.85, 1.0, 1.0], np.float32)


def _mouth(person: Person, canvas: Canvas, albedo: Floats, gloss: Floats, glint: Floats) -> None:
    half = MOUTH_HALF + 2.5 * person.smile
    place = canvas.x / half
    inside = np.clip(1 - place**2, 0, None)
    line = MOUTH_Y - 0.8 + (5.5 * person.smile + 1.0) * inside
    gap = person.mouth_open * np.sqrt(inside) * 0.5
    cupid = 1 - 0.28 * np.exp(-0.5 * (canvas.x / 3.0) ** 2)
    top = line - gap - 7.5 * person.lips * inside**0.8 * cupid
    bottom = line + gap + 9.0 * person.lips * np.sqrt(inside) * inside**0.3
    lips = _between_rows(canvas, top, bottom) * (inside > 0)
    tone = np.array(person.skin, np.float32) * np.array([0.86, 0.60, 0.60], np.float32)
    tone = np.array([0.66, 0.22, 0.25], np.float32) if person.lipstick else tone
    _lay(albedo, tone, lips * (0.9 if person.lipstick else 0.75))
    gloss += lips * 0.45
    opening = _between_rows(canvas, line - gap, line + gap) * (inside > 0) * min(1.0, person.mouth_open)
    _lay(albedo, np.array([0.16, 0.05, 0.05], np.float32), opening)
    teeth = opening * _between_rows(canvas, line - gap + 0.3, line - gap + 0.72 * person.mouth_open)
    teeth *= np.clip(1.25 - np.abs(place) * 1.1, 0, 1) * (person.smile > 0.3)
    _lay(albedo, np.array([0.88, 0.86, 0.80], np.float32), teeth)
    glint += 0.05 * teeth
    seam = np.exp(-0.5 * ((canvas.y - line) / 0.9) ** 2) * (np.abs(place) < 1.04) * (person.mouth_open == 0)
    _lay(albedo, np.array([0.22, 0.09, 0.08], np.float32), seam * 0.8)
    _lay(albedo, np.array([0.22, 0.10, 0.09], np.float32), 0.55 * canvas.pair(half, MOUTH_Y - 0.5, 1.8, 1.4))


def _brows(rng: np.random.Generator, person: Person, canvas: Canvas, albedo: Floats) -> None:
    place = (np.abs(canvas.x) - EYE_X) / 20.0
    line = -15.5 - person.brow_arch * (1 - (place - 0.25) ** 2) + 1.6 * np.clip(place, 0, None) ** 2 * 2
    thick = 0.72 * person.brow * np.clip(1.05 - 0.65 * (place + 1) / 2, 0.2, 1)
    strands = smooth_noise(rng, canvas.shape, 0.9 * canvas.texels_per_mm)
    edge = 1 - np.abs(canvas.y - line) / (thick + 0.8 + 0.5 * strands)
    hair = np.clip(edge * 2.2, 0, 1) * np.clip((1.0 - np.abs(place)) * 6, 0, 1)
    tone = np.array(person.hair_tone, np.float32) * 0.62
    _lay(albedo, tone, hair * np.clip(0.72 + 0.12 * strands, 0, 1))


def _eye(person: Person, canvas: Canvas, albedo: Floats, gloss: Floats, glint: Floats, side: float) -> None:
    scale = canvas.texels_per_mm
    rows = slice(int((_HALF_HEIGHT - 14) * scale), int((_HALF_HEIGHT + 14) * scale))
    left = _HALF_WIDTH + side * EYE_X - 22
    columns = slice(int(left * scale), int((left + 44) * scale))
    x, y = (canvas.x[:, columns] - side * EYE_X) * side, canvas.y[rows]
    window = albedo[rows, columns]
    length = np.where(x < 0, 14.5, 16.5)
    arch = np.clip(1 - (x / length) ** 2, 0, None)
    upper = -(7.2 * person.eye_open - 1.2 * person.smile) * arch**0.75 - 0.05 * x
    lower = (5.0 * person.eye_open - 1.0 * person.smile) * arch**0.9 - 0.05 * x
    soft = 0.5 / scale + 0.15
    opening = np.clip((y - upper) / soft * 0.5 + 0.5, 0, 1) * np.clip((lower - y) / soft * 0.5 + 0.5, 0, 1) * (arch > 0)
    distance = np.sqrt(x**2 + (y + 0.3) ** 2)
    shadow = np.clip(1.05 - 0.42 * np.exp(-(y - upper) / 2.0), 0.4, 1) * np.clip(1.1 - 0.35 * (x / 15) ** 2, 0.5, 1)
    _lay(window, np.array([0.87, 0.84, 0.82], np.float32), opening)
    _lay(window, np.array(person.iris, np.float32), opening * np.clip((6.6 - distance) / soft, 0, 1))
    window *= (1 - 0.55 * opening * np.exp(-0.5 * ((distance - 6.5) / 0.7) ** 2))[..., None]
    _lay(window, np.array([0.02, 0.02, 0.02], np.float32), opening * np.clip((3.0 - distance) / soft, 0, 1))
    window *= (1 - opening * (1 - shadow))[..., None]
    spark = np.exp(-0.5 * (((x * side + 1.9) / 1.0) ** 2 + ((y + 2.0) / 1.0) ** 2))
    glint[rows, columns] += opening * (0.75 * spark + 0.02)
    gloss[rows, columns] *= 1 - 0.6 * opening
    liner = 1.0 if person.male else 1.35
    lash = np.exp(-0.5 * ((y - upper + 0.4) / (0.75 * liner)) ** 2) * np.clip(arch * 6, 0, 1)
    _lay(window, np.array([0.09, 0.06, 0.05], np.float32), np.minimum(0.82 * liner * lash, 0.95))
    crease = np.exp(-0.5 * ((y - upper + 4.2) / 0.8) ** 2) * np.clip(arch * 2, 0, 1)
    rim = np.exp(-0.5 * ((y - lower - 0.3) / 0.6) ** 2) * np.clip(arch * 3, 0, 1)
    window *= (1 - 0.28 * crease - 0.30 * rim)[..., None]


def _facial_hair(rng: np.random.Generator, person: Person, canvas: Canvas, albedo: Floats, gloss: Floats) -> None:
    if person.beard == "none":
        return
    strands = smooth_noise(rng, canvas.shape, 1.1 * canvas.texels_per_mm)
    mask = _beard_mask(person, canvas, smooth_noise(rng, canvas.shape, 4 * canvas.texels_per_mm))
    strength = 0.34 if person.beard == "stubble" else 0.93
    tone = np.array(person.hair_tone, np.float32) * (0.55 if person.beard == "stubble" else 0.8)
    texture = tone * (1 + 0.30 * strands)[..., None]
    cover = (mask * np.clip(strength + 0.12 * strands, 0, 1))[..., None]
    albedo[:] = albedo * (1 - cover) + np.clip(texture, 0, 1) * cover
    gloss *= 1 - 0.7 * mask


def _beard_mask(person: Person, canvas: Canvas, ragged: Floats) -> Floats:
    side = np.abs(canvas.x)
    lip = 9.0 * person.lips + 5.5 * person.smile + 0.5 * person.mouth_open
    half = MOUTH_HALF + 2.5 * person.smile
    stations = [0, 14, half - 2, half + 4, 44, 56, 66, 74]
    edge = np.interp(side, stations, [72 + lip, 72 + lip, 74, 62, 56, 44, 24, -6]).astype(np.float32)
    below = np.clip((canvas.y - edge + 1.2 * ragged) / 3.0, 0, 1)
    if person.beard == "goatee":
        below = below * np.clip((32 - side + ragged) / 3.0, 0, 1)
    top_lip = MOUTH_Y - 0.8 - 7.0 * person.lips * np.clip(1 - (side / half) ** 2, 0, None) + 3 * person.smile
    moustache = np.clip((top_lip - canvas.y) / 1.2, 0, 1) * np.clip((canvas.y - 53 - 0.10 * side + ragged) / 2.0, 0, 1)
    moustache = moustache * np.clip((half + 3 - side + ragged) / 3.0, 0, 1) * (0.55 + 0.45 * np.clip(side / 3, 0, 1))
    parts = [moustache] if person.beard == "moustache" else [moustache, below]
    return np.asarray(np.max(np.stack([np.broadcast_to(part, canvas.shape) for part in parts]), 0), np.float32)


def _between_rows(canvas: Canvas, top: Floats, bottom: Floats) -> Floats:
    soft = 0.6 / canvas.texels_per_mm + 0.3
    above = np.clip((canvas.y - top) / soft + 0.5, 0, 1)
    return np.asarray(above * np.clip((bottom - canvas.y) / soft + 0.5, 0, 1), np.float32)


def _lay(under: Floats, tone: Floats, cover: Floats) -> None:
    under += (tone - under) * cover[..., None]
