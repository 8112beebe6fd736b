"""Material layers of a portrait, composited first and then shaded together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from datamodules.sample_data.geometry import Floats


@dataclass
class Layer:
    """Material of every pixel.

    Attributes:
        alpha: Coverage (H, W) in [0, 1].
        depth: Height towards the viewer (H, W) in millimetres.
        normal: Unit normal (H, W, 3).
        albedo: sRGB (H, W, 3) in [0, 1].
        gloss: Strength of the highlight (H, W).
        glint: Constant highlight, independent of the lamp (H, W).
        softness: Strength of wrapped diffuse lighting (H, W), 0 hard to 1 skin.
        hair: Coverage of hair (H, W) in [0, 1].
        corner: Row and column of the layer within the whole picture.
    """

    alpha: Floats
    depth: Floats
    normal: Floats
    albedo: Floats
    gloss: Floats
    glint: Floats
    softness: Floats
    hair: Floats
    corner: tuple[int, int] = (0, 0)

    def lay(self, upper: Layer) -> None:
        """Composite another layer, at most as large, over this one in place."""
        cover = upper.alpha
        top, left = upper.corner
        window = slice(top, top + cover.shape[0]), slice(left, left + cover.shape[1])
        for below, over in zip(self._planes(), upper._planes(), strict=True):
            shown = below[window]
            shown += (over - shown) * (cover if over.ndim == 2 else cover[..., None])
        self.alpha[window] += (1 - self.alpha[window]) * cover

    def _planes(self) -> tuple[Floats, ...]:
        return self.depth, self.normal, self.albedo, self.gloss, self.glint, self.softness, self.hair


@dataclass(frozen=True)
class Light:
    """A directional lamp and ambient light.

    Attributes:
        direction: Unit vector (3,) towards the lamp.
        colour: Its linear RGB (3,).
        ambient: Linear RGB (3,) of the ambient light.
    """

    direction: Floats
    colour: Floats
    ambient: Floats


def random_light(rng: np.random.Generator) -> Light:
    """A lamp from above and in front, with random colour temperature and contrast."""
    side, rise = np.deg2rad(rng.uniform(-55, 55)), np.deg2rad(rng.uniform(5, 45))
    direction = np.array([np.sin(side) * np.cos(rise), -np.sin(rise), np.cos(side) * np.cos(rise)], np.float32)
    warmth = rng.normal(0, 0.05)
    ambient = rng.uniform(0.24, 0.5)
    tint = np.array([1 + warmth, 1, 1 - warmth], np.float32)
    cool = np.array([1 - warmth * 0.5, 1, 1 + warmth * 0.5], np.float32)
    return Light(direction, tint * np.float32(1.22 - 0.75 * ambient), cool * np.float32(ambient))


def shade(layer: Layer, light: Light, pixels_per_mm: float) -> Floats:
    """Shade a portrait with diffuse light, cast shadows, ambient occlusion and highlights: linear RGB (H, W, 3)."""
    facing = layer.normal @ light.direction
    lit = _cast_shadow(layer.depth, light, pixels_per_mm)
    open_sky = _occlusion(layer.depth, pixels_per_mm)
    wrap = layer.softness[..., None] * np.array([0.36, 0.20, 0.14], np.float32)
    diffuse = np.clip((facing[..., None] + wrap) / (1 + wrap), 0, None) * (0.25 + 0.75 * lit)[..., None]
    sky = (0.82 - 0.18 * layer.normal[..., 1]) * open_sky
    linear = np.square(layer.albedo) * (light.colour * diffuse + light.ambient * sky[..., None])
    half = light.direction + np.array([0, 0, 1], np.float32)
    shine = np.clip(layer.normal @ (half / np.linalg.norm(half)), 0, 1)
    shine = np.square(np.square(np.square(np.square(shine))))
    highlight = layer.gloss * shine * lit * 0.24 + layer.glint
    return np.asarray(linear + highlight[..., None] * light.colour, np.float32)


def _cast_shadow(depth: Floats, light: Light, pixels_per_mm: float) -> Floats:
    lateral = float(np.hypot(*light.direction[:2])) + 1e-6
    rise = float(light.direction[2]) / lateral
    blocked = np.zeros_like(depth)
    for distance in (5.0, 9.0, 15.0, 24.0, 36.0):
        shift = -light.direction[:2] / lateral * distance * pixels_per_mm
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        towards = cv2.warpAffine(depth, matrix, depth.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        blocked = np.maximum(blocked, np.clip((towards - depth - distance * rise) / (2 + 0.18 * distance), 0, 1))
    return np.asarray(1 - cv2.GaussianBlur(blocked, (0, 0), max(0.6, 1.6 * pixels_per_mm)), np.float32)


def _occlusion(depth: Floats, pixels_per_mm: float) -> Floats:
    step = 4
    small = cv2.resize(depth, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    around = cv2.GaussianBlur(small, (0, 0), max(0.6, 7.0 * pixels_per_mm / step))
    near = cv2.GaussianBlur(depth, (0, 0), max(0.6, 2.2 * pixels_per_mm))
    wide = cv2.resize(around, depth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    hollow = np.clip((wide - depth) / 16, 0, 0.65) + np.clip((near - depth) / 6, 0, 0.5)
    return np.asarray(1 - np.minimum(hollow, 0.8), np.float32)
