"""Ray casting of ellipsoids and the head with an orthographic camera."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from datamodules.sample_data.geometry import Floats

HEAD_AXES = (74.0, 114.0, 95.0)
"""Half width, half height and half depth of the head in millimetres; its centre is at eye level."""


@dataclass(frozen=True)
class View:
    """Pixel grid in view space, in millimetres relative to the head's centre.

    Attributes:
        width: Columns of the grid.
        height: Rows of the grid.
        pixels_per_mm: Scale of the picture.
        origin: Pixel (2,) of the head's centre.
        rotation: Rotation (3, 3) from head space to view space.
        corner: Row and column of a window's corner within the whole picture.
    """

    width: int
    height: int
    pixels_per_mm: float
    origin: Floats
    rotation: Floats
    corner: tuple[int, int] = (0, 0)

    @cached_property
    def x(self) -> Floats:
        """Horizontal view coordinate (1, W) in millimetres."""
        return _millimetres(self.width, float(self.origin[0]), self.pixels_per_mm)[None, :]

    @cached_property
    def y(self) -> Floats:
        """Vertical view coordinate (H, 1) in millimetres."""
        return _millimetres(self.height, float(self.origin[1]), self.pixels_per_mm)[:, None]

    def window(self, centre: Floats, reach: Floats) -> View:
        """The part of the grid within ``reach`` millimetres (2,) of a point of view space (2,), at least one pixel."""
        pixel = centre * self.pixels_per_mm + self.origin
        low = np.floor(pixel - reach * self.pixels_per_mm - 2).astype(int)
        high = np.ceil(pixel + reach * self.pixels_per_mm + 3).astype(int)
        left, right = (int(v) for v in np.clip([low[0], high[0]], 0, self.width))
        top, bottom = (int(v) for v in np.clip([low[1], high[1]], 0, self.height))
        left, top = min(left, self.width - 1), min(top, self.height - 1)
        size = max(1, right - left), max(1, bottom - top)
        origin = (self.origin - np.array([left, top])).astype(np.float32)
        return View(size[0], size[1], self.pixels_per_mm, origin, self.rotation, (top, left))

    def around(self, centre: tuple[float, float, float], axes: tuple[float, float, float], spare: float = 1.0) -> View:
        """The bounding window of an ellipsoid in head space, its half axes scaled by ``spare``."""
        projected = self.rotation @ np.array(centre, np.float32)
        reach = np.sqrt(((self.rotation * np.array(axes, np.float32)) ** 2).sum(1)) * spare
        return self.window(projected[:2], reach[:2])

    def project(self, points: Floats) -> Floats:
        """Pixels (N, 2) of head-space points (N, 3)."""
        return np.asarray((points @ self.rotation.T)[:, :2] * self.pixels_per_mm + self.origin, np.float32)


@dataclass(frozen=True)
class Surface:
    """The visible surface of a solid at every pixel.

    Attributes:
        alpha: Coverage (H, W) in [0, 1], antialiased at the outline.
        depth: Height towards the viewer (H, W) in millimetres.
        normal: Unit normal (H, W, 3) in view space.
        point: Visible point (3 arrays of (H, W)) in the solid's own space, millimetres.
    """

    alpha: Floats
    depth: Floats
    normal: Floats
    point: tuple[Floats, Floats, Floats]

    def cut(self, mask: NDArray[np.floating]) -> Surface:
        """The surface with its coverage multiplied by a mask (H, W) in [0, 1]."""
        return replace(self, alpha=np.asarray(self.alpha * mask, np.float32))


def ellipsoid(
    view: View,
    centre: tuple[float, float, float],
    axes: tuple[float, float, float],
    rotation: Floats | None = None,
    ripple: Floats | float = 0.0,
) -> Surface:
    """Ray-cast an ellipsoid in head space.

    Args:
        view: The pixel grid.
        centre: Centre in millimetres.
        axes: Half axes in millimetres.
        rotation: Rotation (3, 3) from the ellipsoid's space to view space; the head's by default.
        ripple: Extra radius (H, W) as a fraction of the half axes, for ragged outlines.

    Returns:
        The visible surface; its points are relative to the centre of the head, not of the ellipsoid.
    """
    turned = view.rotation if rotation is None else rotation
    radius = np.float32(1.0) + np.asarray(ripple, np.float32)
    rays = [turned[0, i] * view.x + turned[1, i] * view.y - np.float32(centre[i]) for i in range(3)]
    scaled = [(rays[i] / np.float32(axes[i]), turned[2, i] / np.float32(axes[i])) for i in range(3)]
    depth, room = _nearest_root(scaled, radius)
    unit = [start + depth * step for start, step in scaled]
    local = [unit[i] / np.float32(axes[i]) for i in range(3)]
    normal = _normalise([turned[i, 0] * local[0] + turned[i, 1] * local[1] + turned[i, 2] * local[2] for i in range(3)])
    alpha = np.clip(room * (0.5 * min(axes[:2]) * view.pixels_per_mm) + 0.5, 0, 1)
    x, y, z = (unit[i] * np.float32(axes[i]) + np.float32(centre[i]) for i in range(3))
    return Surface(alpha, depth, normal, (x, y, z))


def sculpted_head(view: View, relief: Floats, rounds: int = 4) -> Surface:
    """Ray-cast the head: an ellipsoid with a relief on its front and a width profile.

    Args:
        view: The pixel grid.
        relief: (240, 160, 2), one texel per millimetre, the head's centre at texel (80, 120): height in millimetres
            added towards the front of the face, and width factor.
        rounds: Fixed-point iterations that find the visible point of the raised surface.

    Returns:
        The visible surface.
    """
    turned = view.rotation
    start = [turned[0, i] * view.x + turned[1, i] * view.y for i in range(3)]
    raised = np.zeros((view.height, view.width), np.float32)
    width = np.ones_like(raised)
    a, b, c = (np.float32(axis) for axis in HEAD_AXES)
    for turn_number in range(rounds):
        scaled = [
            (start[0] / (a * width), turned[2, 0] / (a * width)),
            (start[1] / b, turned[2, 1] / b),
            ((start[2] - raised) / c, turned[2, 2] / c),
        ]
        depth, room = _nearest_root(scaled, np.float32(1.0))
        x, y = start[0] + depth * turned[2, 0], start[1] + depth * turned[2, 1]
        if turn_number < rounds - 1:
            looked_up = cv2.remap(relief, x + 80, y + 120, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            raised, width = (np.asarray(looked_up[..., channel], np.float32) for channel in (0, 1))
    alpha = np.clip(room * (0.5 * HEAD_AXES[0] * view.pixels_per_mm) + 0.5, 0, 1)
    z = start[2] + depth * turned[2, 2]
    return Surface(alpha, depth, _normals_of(depth, view.pixels_per_mm), (x, y, z))


def front_of_head(relief: Floats, x: float, y: float) -> Floats:
    """The point (3,) of the head's surface in head space at frontal position x, y in millimetres."""
    texel = np.array([[x + 80]], np.float32), np.array([[y + 120]], np.float32)
    raised, width = cv2.remap(relief, *texel, cv2.INTER_LINEAR)[0, 0]
    a, b, c = HEAD_AXES
    z = c * np.sqrt(max(0.0, 1 - (x / (a * width)) ** 2 - (y / b) ** 2)) + raised
    return np.array([x, y, z], np.float32)


def _millimetres(pixels: int, origin: float, pixels_per_mm: float) -> Floats:
    return np.asarray((np.arange(pixels, dtype=np.float32) - origin) / pixels_per_mm, np.float32)


def _nearest_root(scaled: list[tuple[Floats, Floats]], radius: Floats | np.float32) -> tuple[Floats, Floats]:
    quadratic = sum((step * step for _, step in scaled), np.float32(0))
    linear = sum((begin * step for begin, step in scaled), np.float32(0))
    constant = sum((begin * begin for begin, _ in scaled), np.float32(0)) - radius * radius
    room = linear * linear / quadratic - constant
    depth = (np.sqrt(np.maximum(room, 0) * quadratic) - linear) / quadratic
    return np.asarray(depth, np.float32), np.asarray(room, np.float32)


def _normals_of(depth: Floats, pixels_per_mm: float) -> Floats:
    smooth = cv2.GaussianBlur(depth, (0, 0), max(0.5, 0.8 * pixels_per_mm))
    slope_x, slope_y = (
        np.asarray(cv2.Sobel(smooth, cv2.CV_32F, along_x, 1 - along_x, ksize=3, scale=-pixels_per_mm / 8), np.float32)
        for along_x in (1, 0)
    )
    return _normalise([slope_x, slope_y, np.ones_like(depth)])


def _normalise(planes: list[Floats]) -> Floats:
    x, y, z = planes
    scale = 1 / np.sqrt(np.maximum(x * x + y * y + z * z, 1e-12))
    return np.asarray(cv2.merge([x * scale, y * scale, z * scale]), np.float32)
