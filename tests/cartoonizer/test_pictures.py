from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cartoonizer.arrays import Matrix
from cartoonizer.detector import Detection
from cartoonizer.face import Face
from cartoonizer.pictures import Style, laid_on, png, resized

SIDE = 64
RED = (255, 0, 0)


def disc_face(matrix: Matrix) -> Face:
    """A cartoon that is a red disc; its photo is blue."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    inside = np.hypot(rows - 31.5, columns - 31.5) < 24
    pixels = np.dstack([np.full((SIDE, SIDE, 3), RED), 255 * inside]).astype(np.uint8)
    frame = np.full((256, 256, 3), (0, 0, 255), dtype=np.uint8)
    detection = Detection((0, 0, 9, 9), np.zeros((5, 2), dtype=np.float32), 0.9)
    return Face(pixels, pixels[..., :3], frame, detection, matrix, {"hair": "red"}, {})


@pytest.fixture
def face() -> Face:
    return disc_face(np.eye(2, 3))


def test_a_cartoon_stands_on_what_was_asked_for(face: Face) -> None:
    expected = {"white": (255, 255, 255), "keep": (0, 0, 255)}
    for background, colour in expected.items():
        picture = Style(background=background).sheet([face])  # type: ignore[arg-type]
        assert picture.mode == "RGB"
        assert picture.getpixel((0, 0)) == colour
        assert picture.getpixel((32, 32)) == RED
    assert Style().sheet([face]).getpixel((0, 0)) == (255, 0, 0, 0)


def test_a_sheet_is_a_row_with_the_photo_first(face: Face) -> None:
    sheet = Style(size=32, side_by_side=True).sheet([face, face])
    assert sheet.size == (96, 32)
    assert sheet.getpixel((16, 16)) == (0, 0, 255)
    assert sheet.getpixel((48, 16)) == sheet.getpixel((80, 16)) == RED


def test_no_colour_of_clear_pixels_bleeds_in(face: Face) -> None:
    clear = face.pixels.copy()
    clear[clear[..., 3] == 0] = (0, 255, 0, 0)
    white = np.asarray(laid_on(resized(Image.fromarray(clear), (31, 31)), None)).astype(int)
    assert (white[..., 1] - white[..., 2]).max() <= 3  # nothing greenish
    with Image.open(BytesIO(png(face.cartoon))) as image:
        np.testing.assert_array_equal(np.asarray(image), face.pixels)
