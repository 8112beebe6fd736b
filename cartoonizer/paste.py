"""Pastes cartoons over their faces in a photo."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from cartoonizer.arrays import Floats, Matrix, Pixels
from cartoonizer.face import Face
from cartoonizer.geometry import inverse, scaled

_FEATHER = 0.01
"""Standard deviation of the edge blur, relative to the cartoon's side."""

_OVERLAP = 0.5
"""Maximum downscaling in the bilinear warp; the rest is done before by area, to avoid aliasing."""


def paste(photo: Pixels, faces: Sequence[Face]) -> Pixels:
    """A photo ``(H, W, 3)`` with cartoons over its faces, the largest in front.

    Args:
        photo: The photo of the faces.
        faces: One cartoon per face, largest first.
    """
    pasted = photo.copy()
    for face in reversed(faces):
        _paste_one(pasted, face)
    return pasted


def _paste_one(photo: Pixels, face: Face) -> None:
    """Paste one cartoon into a photo, in place."""
    cartoon, matrix = _premultiplied(face.pixels), face.matrix
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # cartoon pixels per photo pixel
    if shrink * _OVERLAP > 1:
        side = max(8, round(len(cartoon) / shrink))
        matrix = scaled(matrix, side / len(cartoon))
        cartoon = np.asarray(cv2.resize(cartoon, (side, side), interpolation=cv2.INTER_AREA), dtype=np.float32)
    left, top, right, bottom = _reach(inverse(matrix), len(cartoon), photo)
    if left >= right or top >= bottom:
        return
    to_part = inverse(matrix) - np.array([[0, 0, left], [0, 0, top]])
    warped = cv2.warpAffine(cartoon, to_part, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    part = photo[top:bottom, left:right]
    part[:] = np.rint(warped[..., :3] + part * (1 - warped[..., 3:])).clip(0, 255).astype(np.uint8)


def _premultiplied(rgba: Pixels) -> Floats:
    """Premultiplied RGBA ``(S, S, 4)``, colours in [0, 255], alpha in [0, 1]; the edge is blurred inwards."""
    alpha = rgba[..., 3].astype(np.float32) / 255
    blurred = cv2.GaussianBlur(alpha, (0, 0), max(0.5, _FEATHER * len(rgba)), borderType=cv2.BORDER_CONSTANT)
    soft = np.minimum(alpha, np.asarray(blurred))
    return np.dstack([rgba[..., :3].astype(np.float32) * soft[..., None], soft])


def _reach(back: Matrix, side: int, photo: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the region of a photo that a cartoon covers."""
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]]) @ back[:, :2].T + back[:, 2]
    low = np.floor(corners.min(axis=0)).astype(int)
    high = np.ceil(corners.max(axis=0)).astype(int) + 1
    height, width = photo.shape[:2]
    return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0])), min(height, int(high[1]))
