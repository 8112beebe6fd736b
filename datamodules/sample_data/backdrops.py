"""Backgrounds of rendered faces, and simulated camera effects."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datamodules.sample_data.geometry import Floats
from datamodules.sample_data.noise import smooth_noise

Bytes = NDArray[np.uint8]


def blurred_backdrop(rng: np.random.Generator, size: tuple[int, int]) -> Bytes:
    """An out-of-focus background: RGB (H, W, 3) of the given width and height."""
    width, height = size
    small = np.empty((24, 20, 3), np.float32)
    small[:] = rng.uniform(40, 215, 3) * 0.25 + rng.uniform(50, 205) * 0.75
    for _ in range(int(rng.integers(2, 9))):
        change = rng.normal(0, 45) + rng.normal(0, 16, 3)
        tone = [float(channel) for channel in np.clip(small[0, 0] + change, 8, 250)]
        left, top = (int(v) for v in rng.integers(-6, 20, 2))
        right, bottom = left + int(rng.integers(3, 14)), top + int(rng.integers(3, 20))
        cv2.rectangle(small, (left, top), (right, bottom), tone, -1)
    small += smooth_noise(rng, (24, 20), 6)[..., None] * 10
    soft = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.8, 2.5)))
    wide = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(wide, 0, 255).astype(np.uint8)


def cluttered_backdrop(rng: np.random.Generator, size: tuple[int, int]) -> Bytes:
    """A cluttered background with edges, lattices and blobs, hard for a detector: RGB (H, W, 3)."""
    width, height = size
    canvas: Bytes = blurred_backdrop(rng, size)
    for number in range(int(rng.integers(35, 80))):
        _clutter(rng, canvas, near=number % 2 == 0)
        if number == 25:
            canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(1.0, 3.0))), np.uint8)
    grain = smooth_noise(rng, (height, width), 3) * rng.uniform(2, 7) + smooth_noise(rng, (height, width), 40) * 10
    return np.clip(canvas.astype(np.float32) + grain[..., None], 0, 255).astype(np.uint8)


def lay_over(backdrop: Bytes, image: Bytes, alpha: Floats) -> Bytes:
    """Composite a premultiplied portrait over a backdrop in linear light."""
    behind = np.square(backdrop.astype(np.float32) / 255) * (1 - alpha)[..., None]
    linear = np.square(image.astype(np.float32) / 255) + behind
    return np.asarray(np.rint(np.sqrt(np.minimum(linear, 1)) * 255), np.uint8)


def photograph(rng: np.random.Generator, image: Bytes, blur: float) -> Bytes:
    """Simulate a camera: blur (sigma in pixels), vignetting, exposure and grain."""
    height, width = image.shape[:2]
    soft = cv2.GaussianBlur(image, (0, 0), blur).astype(np.float32)
    rows, columns = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    corners = 1 - rng.uniform(0, 0.16) * (rows**2 + columns**2) * 0.5
    soft *= (corners * rng.uniform(0.93, 1.06)).astype(np.float32)[..., None]
    grain = rng.standard_normal((height, width, 3), dtype=np.float32) * np.float32(rng.uniform(1.0, 3.5))
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def _clutter(rng: np.random.Generator, canvas: Bytes, near: bool) -> None:
    height, width = canvas.shape[:2]
    tone = [int(channel) for channel in np.clip(rng.uniform(15, 235) + rng.normal(0, 32, 3), 5, 250)]
    x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
    w, h = (int(v) for v in rng.integers(8, 70 if near else 180, 2))
    kind = int(rng.integers(5))
    if kind == 0:
        cv2.rectangle(canvas, (x - w, y - h), (x + w, y + h), tone, -1)
    elif kind == 1:
        cv2.ellipse(canvas, (x, y), (w // 2, h // 2), float(rng.uniform(0, 180)), 0, 360, tone, -1, cv2.LINE_AA)
    elif kind == 2:
        end = (x + int(rng.normal(0, 160)), y + int(rng.normal(0, 160)))
        cv2.line(canvas, (x, y), end, tone, int(rng.integers(1, 7)), cv2.LINE_AA)
    elif kind == 3:
        corners = np.array([[x, y]]) + rng.integers(-w, w, (int(rng.integers(3, 7)), 2))
        cv2.fillPoly(canvas, [corners.astype(np.int32)], tone, cv2.LINE_AA)
    else:
        for offset in range(0, w, max(4, w // 6)):
            cv2.line(canvas, (x + offset, y), (x + offset, y + h), tone, 2, cv2.LINE_AA)
