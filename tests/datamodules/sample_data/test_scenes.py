from __future__ import annotations

import itertools

import numpy as np
import pytest

from datamodules.sample_data.scenes import draw_scene


@pytest.mark.parametrize("wanted", [1, 4, 12])
def test_faces_lie_within_the_picture_and_apart(wanted: int) -> None:
    scene = draw_scene(np.random.default_rng(wanted), wanted)
    height, width = scene.image.shape[:2]
    assert 1 <= len(scene.faces) <= wanted
    for face in scene.faces:
        left, top, box_width, box_height = face.box
        assert left >= 0
        assert top >= 0
        assert left + box_width <= width
        assert top + box_height <= height
        assert 10 <= box_width <= 200
        assert 12 <= box_height <= 220
    for first, second in itertools.combinations([face.box for face in scene.faces], 2):
        apart_x = first[0] + first[2] <= second[0] or second[0] + second[2] <= first[0]
        apart_y = first[1] + first[3] <= second[1] or second[1] + second[3] <= first[1]
        assert apart_x or apart_y


def test_an_empty_scene_has_no_faces_but_clutter() -> None:
    scene = draw_scene(np.random.default_rng(0), 0)
    assert scene.faces == []
    assert scene.image.std() > 15
