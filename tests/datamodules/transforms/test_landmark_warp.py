from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.datasets.cartoonset import landmarks_at
from datamodules.samples import RawFace
from datamodules.transforms.landmark_warp import Bend, LandmarkWarp, bent_frame_side

SIDE = 64
PHOTO = np.array([[25.3, 32.6], [38.7, 32.6], [31.5, 41.2], [25.4, 47.6], [38.0, 47.5]], dtype=np.float32)
TURNED = np.array([[22.0, 30.0], [33.0, 34.0], [23.0, 41.0], [20.0, 47.0], [29.0, 49.5]], dtype=np.float32)


def blobs(points: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """White, with a dark Gaussian at each point."""
    rows, columns = np.mgrid[0:side, 0:side]
    dark = sum(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 3.0**2)) for x, y in points)
    gray = 255 - 200 * np.clip(np.asarray(dark), 0, 1)
    return np.repeat(gray[..., None], 3, axis=2).astype(np.uint8)


def framed() -> RawFace:
    from pathlib import Path

    frame = bent_frame_side(SIDE)
    points = landmarks_at(500)
    scaled = ((points - 50 + 0.5) * frame / 400 - 0.5).astype(np.float32)
    return RawFace(blobs(scaled, frame), scaled, 2, Path("cs1.png"))


def centre_of_darkness(image: NDArray[np.float64], around: NDArray[np.float32]) -> NDArray[np.float64]:
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]]
    near = np.hypot(columns - around[0], rows - around[1]) < 3
    weight = np.where(near, 255 - image, 0)
    return np.asarray([(columns * weight).sum(), (rows * weight).sum()]) / float(weight.sum())


@pytest.mark.parametrize("target", [PHOTO, TURNED], ids=["frontal", "turned"])
@pytest.mark.parametrize("seed", [0, 1, 2, 3])  # mirrored and not
def test_what_lies_at_the_landmarks_comes_to_where_they_are_said_to_be(target: NDArray[np.float32], seed: int) -> None:
    result = LandmarkWarp(SIDE)(framed(), target, seed)
    assert result.image.shape == (3, SIDE, SIDE)
    assert int(result.label) == 2
    image = (result.image[0].numpy().astype(np.float64) + 1) * 127.5
    for point in result.landmarks.numpy():
        assert np.linalg.norm(centre_of_darkness(image, point) - point) < 0.35, point


def test_landmarks_that_can_be_reached_are_the_photo_s_and_others_go_part_of_the_way() -> None:
    np.testing.assert_allclose(LandmarkWarp(SIDE)(framed(), PHOTO, 0).landmarks.numpy(), PHOTO, atol=0.3)
    absurd = PHOTO.copy()
    absurd[2] += (0, -25)  # a nose on the forehead
    landmarks = LandmarkWarp(SIDE)(framed(), absurd, 0).landmarks.numpy()
    assert absurd[2, 1] + 3 < landmarks[2, 1] < PHOTO[2, 1]


def test_far_from_the_face_it_is_the_similarity() -> None:
    source, target = landmarks_at(160).astype(np.float64), TURNED.astype(np.float64)
    bend = Bend(source, target)
    corners = np.array([[0.0, 0], [200, 0], [0, 200], [200, 200]])
    mapped = bend(corners)
    sides = np.linalg.norm(mapped[[1, 3, 2, 0]] - mapped[[0, 1, 3, 2]], axis=1)
    np.testing.assert_allclose(sides, sides[0], rtol=1e-3)  # a square stays a square


def test_it_does_not_fold() -> None:
    places = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=2).reshape(-1, 2).astype(np.float64)
    for target in (PHOTO, TURNED):
        mapped = Bend(landmarks_at(160).astype(np.float64), target.astype(np.float64))(places).reshape(SIDE, SIDE, 2)
        across, down = np.diff(mapped, axis=1)[:-1], np.diff(mapped, axis=0)[:, :-1]
        assert (across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).min() > 0


def test_the_seed_decides_and_unknown_landmarks_take_the_paper_s_augmentation() -> None:
    warp, unknown = LandmarkWarp(SIDE), np.full((5, 2), np.nan, dtype=np.float32)
    first, second = warp(framed(), unknown, 7), warp(framed(), unknown, 7)
    assert (first.image == second.image).all()
    middles = np.stack([warp(framed(), unknown, seed).landmarks.numpy().mean(axis=0) for seed in range(40)])
    assert np.ptp(middles, axis=0).min() > 0.1 * SIDE
    assert np.abs(middles - SIDE / 2).max() < 0.3 * SIDE


@pytest.mark.parametrize(("size", "side"), [(64, 160), (128, 320), (256, 500), (512, 640)])
def test_frames_are_as_fine_as_the_set_allows(size: int, side: int) -> None:
    assert bent_frame_side(size) == side


def test_a_point_of_the_source_is_drawn_where_it_maps_back_from() -> None:
    bend = Bend(landmarks_at(160).astype(np.float64), TURNED.astype(np.float64))
    far = np.array([[-300.0, 20.0], [500.0, 600.0]])
    np.testing.assert_allclose(bend(bend.of_source(far)), far, atol=1e-6)


def test_each_pixel_is_drawn_from_where_it_maps_to() -> None:
    side = 250
    columns, rows = np.meshgrid(np.arange(side), np.arange(side))
    coded = np.stack([columns, rows, np.zeros_like(rows)], axis=2).astype(np.uint8)
    source = landmarks_at(side).astype(np.float64)
    moves = np.array([[9, 4], [-6, 8], [12, 0], [3, -7], [-5, 10]])
    bend = Bend(source, source + moves)

    drawn = bend.draw(coded, side)

    pixels = np.stack(np.meshgrid(np.arange(60.0, 190), np.arange(60.0, 190)), axis=2).reshape(-1, 2)
    found = drawn[60:190, 60:190, :2].reshape(-1, 2)
    assert np.abs(found - bend(pixels)).max() < 1.1
    assert np.abs(found - pixels).max() > 5
