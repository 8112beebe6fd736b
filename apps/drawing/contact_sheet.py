"""Contact sheets of images, with boxes and points drawn as in the paper's Fig. 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

BOX_COLOUR = (255, 60, 40)
POINT_COLOUR = (40, 220, 60)
_SHIFT = 4  # coordinates are passed to OpenCV in sixteenths of a pixel


@dataclass(frozen=True)
class Tile:
    """A picture of a sheet.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        boxes: ``(N, 4)`` x1, y1, x2, y2 in pixels of ``image``; None for none.
        points: ``(M, 2)`` x, y in pixels of ``image``; unknown ones (NaN) are skipped. None for none.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32] | None = None
    points: NDArray[np.float32] | None = None


def contact_sheet(tiles: Sequence[Tile], columns: int = 6, side: int = 200, gap: int = 4) -> NDArray[np.uint8]:
    """Lay out tiles row by row on white.

    Args:
        tiles: At least one.
        columns: Tiles per row.
        side: Longer side of a drawn tile in pixels.
        gap: White pixels around each tile.

    Returns:
        ``(H, W, 3)`` uint8 RGB.

    Raises:
        ValueError: There is no tile.
    """
    if not tiles:
        raise ValueError("a contact sheet needs at least one tile")
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    cell = side + gap
    sheet = np.full((gap + rows * cell, gap + columns * cell, 3), 255, dtype=np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        drawn = draw_tile(tile, side)
        height, width = drawn.shape[:2]
        top = gap + row * cell + (side - height) // 2
        left = gap + column * cell + (side - width) // 2
        sheet[top : top + height, left : left + width] = drawn
    return sheet


def draw_tile(tile: Tile, side: int) -> NDArray[np.uint8]:
    """Draw a picture with its boxes and points, scaled to a longer side of ``side`` pixels.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    height, width = tile.image.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = np.ascontiguousarray(cv2.resize(tile.image, size, interpolation=interpolation), dtype=np.uint8)
    for x1, y1, x2, y2 in [] if tile.boxes is None else tile.boxes:
        cv2.rectangle(image, _at(x1, y1, scale), _at(x2, y2, scale), BOX_COLOUR, 1, cv2.LINE_AA, _SHIFT)
    points = np.empty((0, 2)) if tile.points is None else tile.points
    for x, y in points[~np.isnan(points).any(axis=1)]:
        cv2.circle(image, _at(x, y, scale), round(2.2 * 2**_SHIFT), POINT_COLOUR, cv2.FILLED, cv2.LINE_AA, _SHIFT)
    return image


def _at(x: float, y: float, scale: float) -> tuple[int, int]:
    """A point of the tile's image in sixteenths of a drawn pixel."""
    return round(((x + 0.5) * scale - 0.5) * 2**_SHIFT), round(((y + 0.5) * scale - 0.5) * 2**_SHIFT)
