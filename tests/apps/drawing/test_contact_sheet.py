from __future__ import annotations

import numpy as np
import pytest

from apps.drawing.contact_sheet import BOX_COLOUR, POINT_COLOUR, Tile, contact_sheet


def grey(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((height, width, 3), 128, dtype=np.uint8)


def test_boxes_and_points_are_drawn_where_they_are() -> None:
    box = np.array([[10, 20, 40, 60]], dtype=np.float32)
    point = np.array([[70.0, 30.0], [np.nan, np.nan]], dtype=np.float32)
    sheet = contact_sheet([Tile(grey(100, 100), box, point)], side=200, gap=5)
    assert sheet.shape == (210, 210, 3)

    def at(x: float, y: float) -> list[int]:
        return sheet[round(5 + 2 * y + 0.5), round(5 + 2 * x + 0.5)].tolist()  # type: ignore[no-any-return]

    assert at(70, 30) == list(POINT_COLOUR)
    for corner in ((10, 40), (40, 40), (25, 20), (25, 60)):
        assert np.abs(np.subtract(at(*corner), BOX_COLOUR)).max() < 60
    assert at(25, 40) == [128, 128, 128]
    assert sheet[2, 2].tolist() == [255, 255, 255]


def test_tiles_keep_their_shape_and_fill_rows() -> None:
    sheet = contact_sheet([Tile(grey(50, 100))] * 3, columns=2, side=80, gap=4)
    assert sheet.shape == (4 + 2 * 84, 4 + 2 * 84, 3)
    assert (sheet[44, 8:80] == 128).all()  # the tile's middle
    assert (sheet[10, 8:80] == 255).all()  # above the flat picture
    assert (sheet[4 + 84 + 40, 4 + 84 + 10] == 255).all()  # the fourth cell is empty


def test_no_tile_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])
