from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.datasets.cartoonset import NO_FACIAL_HAIR, NO_GLASSES, OPEN_MOUTH
from datamodules.sample_data.cartoons import (
    CARDINALITY,
    DARK_GLASSES,
    FACE_TONES,
    HAIR_TONES,
    LANDMARKS,
    cartoon_svg,
    draw_cartoon,
    render,
)

PLAIN = {name: 0 for name, _ in CARDINALITY} | {"facial_hair": NO_FACIAL_HAIR, "glasses": NO_GLASSES, "face_color": 8}


def rgb(tone: str) -> list[int]:
    return [int(tone[i : i + 2], 16) for i in (1, 3, 5)]


def rows_and_columns_of(part: str, mouth: int, nose: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Pixels that a part of the drawing is seen at."""
    svg = cartoon_svg(PLAIN, mouth, nose)
    drawing = ElementTree.fromstring(svg)
    group = drawing.find(f".//*[@id='transparent_{part}']")
    assert group is not None
    group.clear()
    without = render(ElementTree.tostring(drawing, encoding="unicode")).astype(int)
    rows, columns = np.nonzero(np.abs(render(svg) - without).max(-1) > 25)
    return rows, columns


@pytest.mark.parametrize("number", range(8))
def test_pupils_are_the_dark_discs_at_their_landmarks(number: int) -> None:
    cartoon = draw_cartoon(np.random.default_rng(number))
    if cartoon.attributes["glasses"][0] in DARK_GLASSES:
        pytest.skip("dark glasses hide the eyes")
    for x, y in LANDMARKS[:2]:
        row, column = round(y), round(x)
        window = cartoon.image[row - 8 : row + 9, column - 8 : column + 9, :3].max(-1)
        dark = np.argwhere(window < 30)
        assert len(dark) > 60
        middle = dark.mean(0) + np.array([row - 8, column - 8])
        assert middle.tolist() == pytest.approx([y, x], abs=3)


@pytest.mark.parametrize("mouth", range(4))
def test_mouth_corners_are_at_their_landmarks(mouth: int) -> None:
    rows, columns = rows_and_columns_of("Mouth", mouth, 0)
    for x, y, tip in [(*LANDMARKS[3], columns.min()), (*LANDMARKS[4], columns.max())]:
        assert tip == pytest.approx(x, abs=3)
        assert rows[np.abs(columns - tip) < 2].mean() == pytest.approx(y, abs=3)


@pytest.mark.parametrize("nose", range(3))
def test_the_nose_ends_at_its_landmark(nose: int) -> None:
    rows, columns = rows_and_columns_of("Nose", 0, nose)
    assert rows.max() == pytest.approx(LANDMARKS[2][1], abs=3)
    assert columns.mean() == pytest.approx(LANDMARKS[2][0], abs=3)


@pytest.mark.parametrize("index", range(10))
def test_hair_has_the_colour_of_its_index(index: int) -> None:
    cartoon = draw_cartoon(np.random.default_rng(100 + index), index)
    assert cartoon.attributes["hair_color"] == (index, 10)
    top = cartoon.image[:200][cartoon.image[:200, :, 3] == 255][:, :3]
    common = [np.array(tone) for tone, _ in Counter(map(tuple, top.tolist())).most_common(2)]
    assert min(int(np.abs(tone - rgb(HAIR_TONES[index])).max()) for tone in common) <= 12


@pytest.mark.parametrize("index", range(11))
def test_the_face_has_the_colour_of_its_index(index: int) -> None:
    image = render(cartoon_svg(PLAIN | {"face_color": index}, 0, 0))
    assert image[300, 190, :3].tolist() == pytest.approx(rgb(FACE_TONES[index]), abs=3)


def test_beard_and_glasses_are_drawn_where_they_are_named() -> None:
    bare = render(cartoon_svg(PLAIN, 0, 0)).astype(int)
    bearded = render(cartoon_svg(PLAIN | {"facial_hair": 1}, 0, 0))
    assert bearded[372, 249, :3].tolist() == pytest.approx(rgb(HAIR_TONES[0]), abs=3)
    assert bare[365, 249, :3].tolist() == pytest.approx(rgb(FACE_TONES[8]), abs=3)
    rows, columns = np.nonzero(np.abs(render(cartoon_svg(PLAIN | {"glasses": 1}, 0, 0)) - bare).max(-1) > 60)
    assert len(rows) > 500
    assert rows.mean() == pytest.approx(260, abs=15)
    assert columns.mean() == pytest.approx(250, abs=5)


def test_attributes_are_the_official_ones_and_the_mouth_in_their_ranges() -> None:
    for number in range(5):
        attributes = draw_cartoon(np.random.default_rng(number)).attributes
        assert [(name, count) for name, (_, count) in attributes.items()] == [*CARDINALITY, ("mouth", 2)]
        assert all(0 <= value < count for value, count in attributes.values())
    assert len(CARDINALITY) == 18


def test_heads_are_framed_and_clear_pixels_are_white() -> None:
    for number in range(6):
        image = draw_cartoon(np.random.default_rng(40 + number)).image
        assert image.shape == (500, 500, 4)
        assert (image[image[..., 3] == 0] == [255, 255, 255, 0]).all()
        drawn = image[..., 3] > 0
        assert drawn[50:450, 50:450].sum() > 0.97 * drawn.sum()
        assert 0.2 < drawn[50:450, 50:450].mean() < 0.75


def test_mouths_that_show_teeth_are_open() -> None:
    found = {True: 0, False: 0}
    for number in range(12):
        cartoon = draw_cartoon(np.random.default_rng(number))
        if cartoon.attributes["facial_hair"][0] != NO_FACIAL_HAIR:
            continue
        mouth = cartoon.image[325:375, 215:285, :3]
        has_teeth = int((mouth.min(axis=2) > 250).sum()) > 100
        assert (cartoon.attributes["mouth"][0] == OPEN_MOUTH) == has_teeth
        found[has_teeth] += 1
    assert min(found.values()) >= 2
