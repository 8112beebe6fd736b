"""Hair, hats and the long hair behind the shoulders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from datamodules.sample_data.geometry import Floats
from datamodules.sample_data.layers import Layer
from datamodules.sample_data.noise import smooth_noise, strand_noise
from datamodules.sample_data.people import Person
from datamodules.sample_data.surfaces import HEAD_AXES, Surface, View, ellipsoid

_THICKNESS = {"short": 9.0, "parted": 10.0, "long": 9.0, "curly": 22.0, "buzz": 2.5, "bald": 0.0}


def hair_cap(rng: np.random.Generator, person: Person, view: View, below: Layer) -> Layer:
    """Hair on the skull, down to the hairline and the temples, drawn over the head's layers so far."""
    thick = _THICKNESS[person.style]
    a, b, c = HEAD_AXES
    centre, axes = (0.0, -3.0 - thick * 0.4, -4.0), (a + 3 + thick, b - 3 + thick * 0.6, c + thick)
    view = view.around(centre, axes, 1.08)
    shape = (view.height, view.width)
    lump = 9.0 if person.style == "curly" else 5.0
    ripple = smooth_noise(rng, shape, lump * view.pixels_per_mm) * (0.022 if person.style == "curly" else 0.006)
    surface = ellipsoid(view, centre, axes, ripple=ripple)
    strands = _strands(rng, person, surface)
    covered = below.alpha[view.corner[0] :, view.corner[1] :][: view.height, : view.width]
    inside = _scalp(person, surface, strands, covered)
    return hair_layer(person, surface.cut(inside), strands, view.corner)


def long_hair_behind(rng: np.random.Generator, person: Person, view: View) -> Layer:
    """Long hair that hangs behind the neck."""
    centre, axes = (0.0, 50.0, -45.0), (92.0, 140.0, 50.0)
    view = view.around(centre, axes, 1.1)
    shape = (view.height, view.width)
    ripple = smooth_noise(rng, shape, 24 * view.pixels_per_mm) * 0.03
    surface = ellipsoid(view, centre, axes, ripple=ripple)
    layer = hair_layer(person, surface, _hanging_strands(rng, surface, 105.0), view.corner)
    layer.albedo *= 0.75
    return layer


def side_locks(rng: np.random.Generator, person: Person, view: View) -> Layer:
    """Locks of long hair that frame the face and fall over the shoulders."""
    centre, axes = (0.0, 42.0, -8.0), (92.0, 138.0, 99.0)
    view = view.around(centre, axes)
    surface = ellipsoid(view, centre, axes)
    x, y, z = surface.point
    strands = _hanging_strands(rng, surface, 70.0)
    waves = smooth_noise(rng, x.shape, 35 * view.pixels_per_mm)
    opening = 64 + np.clip(-y - 10, 0, 60) * -0.25 + np.clip(y - 70, 0, 80) * 0.05
    inside = np.clip((np.abs(x) - opening + 1.5 * strands + 1.6 * waves) / 3, 0, 1) * np.clip((y + 70) / 30, 0, 1)
    inside = inside * np.clip((z + 45) / 10, 0, 1)
    return hair_layer(person, surface.cut(inside), strands, view.corner)


def hat(rng: np.random.Generator, person: Person, view: View) -> Layer:
    """A knitted hat down to the brows, with a turned-up rim."""
    a, b, c = HEAD_AXES
    centre, axes = (0.0, -16.0, -4.0), (a + 12, b + 6, c + 12)
    view = view.around(centre, axes)
    surface = ellipsoid(view, centre, axes)
    x, y, z = surface.point
    edge = -34 + 0.25 * np.clip(-z, 0, 80)
    rows = np.sin(np.arctan2(x, z + 60) * 62) * 0.5 + np.sin(y * 0.9) * 0.25
    rim = np.clip((y - edge + 24) / 3, 0, 1)
    tone = np.array(person.clothes, np.float32) * np.array([1.0, 0.75, 0.7], np.float32)
    fuzz = smooth_noise(rng, x.shape, 1.5 * view.pixels_per_mm)
    albedo = tone * (1 + 0.14 * rows + 0.05 * fuzz - 0.12 * (np.abs(y - edge + 24) < 1.5) + 0.1 * rim)[..., None]
    knitted = replace(
        surface.cut(np.clip((edge - y) / 1.5 + 0.5, 0, 1)), depth=(surface.depth + 3 * rim).astype(np.float32)
    )
    return cloth_layer(knitted, albedo, view.corner)


def cloth_layer(surface: Surface, albedo: NDArray[np.floating], corner: tuple[int, int] = (0, 0)) -> Layer:
    """A matte layer of the given sRGB colours (H, W, 3)."""
    zero = np.zeros_like(surface.depth)
    tones = np.clip(albedo, 0.01, 1).astype(np.float32)
    soft = np.full_like(zero, 0.3)
    return Layer(surface.alpha, surface.depth, surface.normal, tones, zero, zero.copy(), soft, zero.copy(), corner)


def hair_layer(person: Person, surface: Surface, strands: Floats, corner: tuple[int, int]) -> Layer:
    """Hair in the person's tone, with light and dark strands and an irregular highlight."""
    contrast = 0.24 if person.hair == "black" else 0.17
    tone = np.array(person.hair_tone, np.float32)
    albedo = np.clip(tone * (1 + contrast * strands)[..., None], 0.015, 1).astype(np.float32)
    gloss = np.clip(0.42 + 0.30 * strands, 0, 1.4).astype(np.float32)
    zero = np.zeros_like(gloss)
    soft, hair = np.full_like(zero, 0.5), np.ones_like(zero)
    return Layer(surface.alpha, surface.depth, surface.normal, albedo, gloss, zero, soft, hair, corner)


def _hanging_strands(rng: np.random.Generator, surface: Surface, fineness: float) -> Floats:
    x, y, z = surface.point
    bend = float(rng.uniform(0.0, 0.09)) * np.sin(y / float(rng.uniform(9, 16)) + 2.0 * np.sign(x))
    around = np.arctan2(x, z + 110) + bend
    return strand_noise(rng, around * fineness + 250, y / 24 + 20)


def _strands(rng: np.random.Generator, person: Person, surface: Surface) -> Floats:
    x, y, z = surface.point
    if person.style in ("curly", "buzz"):
        size = 14.0 if person.style == "buzz" else 4.0
        return strand_noise(rng, x * size / 6 + 3 * np.sin(y / 4.5 + z / 6) + 200, y / 3.0 + np.sin(x / 5.0) + 20)
    parting = float(rng.uniform(15, 40) * rng.choice((-1.0, 1.0)))
    sideways, upright, forward = x - parting, y + HEAD_AXES[1], z - 40.0
    turn_angle = np.arctan2(sideways, np.maximum(upright, 1.0) * 0.55 + 0.2 * forward)
    length = np.sqrt(sideways**2 + upright**2 + forward**2)
    return strand_noise(rng, turn_angle * 46 + 250, length / 28 + 20)


def _scalp(person: Person, surface: Surface, strands: Floats, covered: Floats) -> Floats:
    x, y, z = surface.point
    side = np.abs(x) / HEAD_AXES[0]
    hairline = -person.hairline + 9 * side**2 + 130 * np.clip(side - 0.66, 0, None) ** 1.3
    if person.hairline > 61:
        hairline = hairline - 14 * np.exp(-0.5 * ((side - 0.55) / 0.18) ** 2)
    if person.bangs:
        hairline = np.maximum(hairline, -24 - 16 * side**2 + 2.5 * strands)
    front = hairline - y
    ear_line = 26.0 if person.style in ("long", "parted", "curly") else 14.0
    behind = np.maximum(
        20 - z - 0.35 * np.clip(y, 0, 60), np.where(y < 8, np.maximum(np.abs(x) - 65, 8 - 26 * covered), -99.0)
    )
    temple = np.minimum(behind, ear_line - y)
    return np.asarray(np.clip((np.maximum(front, temple) + 1.6 * strands) / 5 + 0.5, 0, 1), np.float32)
