from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from apps.drawing.contact_sheet import Tile
from apps.drawing.pictures import face_tile, titled_sheet, write_png
from datamodules.errors import DataError
from datamodules.images import read_rgb

GREY = np.full((40, 40, 3), 128, dtype=np.uint8)
NO_BOXES, NO_LANDMARKS = np.empty((0, 4), dtype=np.float32), np.empty((0, 5, 2), dtype=np.float32)


def test_a_picture_is_read_as_it_was_written(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (5, 7, 3), dtype=np.uint8)
    write_png(image, tmp_path / "new" / "picture.png")
    np.testing.assert_array_equal(read_rgb(tmp_path / "new" / "picture.png"), image)
    with pytest.raises(DataError, match="cannot write"):
        write_png(image, tmp_path / "new" / "picture.png" / "below.png")


def test_a_face_is_boxed_and_a_missing_one_is_noted() -> None:
    box = np.array([[8, 8, 32, 32]], dtype=np.float32)
    found = face_tile(GREY, box, np.full((1, 5, 2), 20, dtype=np.float32), side=80).image
    assert ((found[..., 0] > 200) & (found[..., 1] < 120)).any()  # a red edge
    none = face_tile(GREY, NO_BOXES, NO_LANDMARKS, side=80).image
    assert (none[:50] == 128).all()
    assert none[-24:].min() < 50  # black on white
    assert none[-24:].max() == 255


def test_titles_stand_above_their_columns() -> None:
    sheet = titled_sheet([Tile(GREY)] * 4, ["first", "second"], side=40)
    head, tiles = sheet[:24], sheet[24:]
    assert tiles.shape == (2 * 44 + 4, 2 * 44 + 4, 3)
    for left in (4, 48):
        assert (head[:, left : left + 40] < 128).any()
