from __future__ import annotations

import numpy as np
import pytest

from datamodules.sample_data.face_paint import face_relief
from datamodules.sample_data.geometry import Pose, fit_similarity, rotation, turn
from datamodules.sample_data.people import random_person
from datamodules.sample_data.surfaces import View, ellipsoid, front_of_head, sculpted_head


def view(pose: Pose, side: int = 120, scale: float = 0.4) -> View:
    return View(side, side, scale, np.array([side / 2, side / 2], np.float32), rotation(pose))


@pytest.mark.parametrize("pose", [Pose(), Pose(25, -8, 10)])
def test_seen_points_lie_on_the_ellipsoid(pose: Pose) -> None:
    centre, axes = (5.0, -10.0, 3.0), (70.0, 90.0, 60.0)
    surface = ellipsoid(view(pose), centre, axes)
    inside = surface.alpha == 1
    points = np.stack([plane[inside] for plane in surface.point], -1)
    assert np.allclose((((points - centre) / axes) ** 2).sum(-1), 1, atol=1e-4)
    seen = view(pose).project(points.astype(np.float32))
    assert np.allclose(seen, np.argwhere(inside)[:, ::-1], atol=1e-3)
    assert (surface.normal[inside][:, 2] >= -1e-5).all()


def test_a_window_shows_what_the_whole_picture_shows() -> None:
    whole = view(Pose(10, 5, 20))
    centre, axes = (30.0, 20.0, 0.0), (9.0, 30.0, 17.0)
    part = whole.around(centre, axes)
    top, left = part.corner
    full = ellipsoid(whole, centre, axes).alpha
    assert part.width * part.height < 0.4 * full.size
    assert np.allclose(full[top : top + part.height, left : left + part.width], ellipsoid(part, centre, axes).alpha)
    assert full.sum() == pytest.approx(ellipsoid(part, centre, axes).alpha.sum(), rel=1e-5)


@pytest.mark.parametrize("pose", [Pose(), Pose(20, 5, -10)])
def test_the_nose_tip_is_seen_where_it_is_projected(pose: Pose) -> None:
    relief = face_relief(random_person(np.random.default_rng(0)))
    whole = view(pose, side=240, scale=0.9)
    tip = front_of_head(relief, 0.0, 41.0)
    column, row = np.rint(whole.project(tip[None])[0]).astype(int)
    surface = sculpted_head(whole, relief, rounds=8)
    assert [plane[row, column] for plane in surface.point] == pytest.approx(tip.tolist(), abs=1.5)


def test_a_similarity_is_found_again() -> None:
    points = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    moved = (3.0 * points @ turn(0.4)[:2, :2].T + np.array([7, -2])).astype(np.float32)
    found = fit_similarity(points, moved)
    assert found.scale == pytest.approx(3, rel=1e-5)
    assert found.angle == pytest.approx(0.4, rel=1e-5)
    assert found.shift.tolist() == pytest.approx([7, -2], abs=1e-4)
