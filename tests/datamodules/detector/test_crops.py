from __future__ import annotations

import numpy as np
import pytest
import torch

from datamodules.detector.crops import (
    FACE,
    NO_FACE,
    UNLABELED,
    background_crops,
    box_crops,
    cut,
    join,
    landmark_crops,
    mirror,
    recolour,
    to_batch,
)
from datamodules.detector.scenes import Scene
from datamodules.transforms.augment import FLIP_ORDER
from networks.mtcnn.boxes import place_landmarks

POINTS = np.array([[30, 40], [60, 41], [45, 55], [33, 70], [58, 71]], dtype=np.float32)


def dotted(width: int = 120, height: int = 100) -> Scene:
    """A black photo with a white pixel at each landmark."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    for x, y in POINTS.astype(int):
        image[y, x] = 255
    boxes = np.array([[20, 30, 70, 80]], dtype=np.float32)
    return Scene(image, boxes, np.array([True]), POINTS[None])


def test_a_crop_of_its_own_size_is_the_photo() -> None:
    image = np.random.default_rng(0).integers(0, 256, size=(40, 50, 3), dtype=np.uint8)
    crop = cut(image, np.array([[5, 7, 29, 31]], dtype=np.float32), 24)[0]
    np.testing.assert_array_equal(crop, image[7:31, 5:29])


def test_the_border_is_replicated_beyond_the_photo() -> None:
    image = np.random.default_rng(0).integers(0, 256, size=(40, 50, 3), dtype=np.uint8)
    crop = cut(image, np.array([[-6, -4, 18, 20]], dtype=np.float32), 24)[0]
    np.testing.assert_array_equal(crop, np.pad(image, ((4, 0), (6, 0), (0, 0)), mode="edge")[:24, :24])


def test_labels_of_each_kind() -> None:
    scene, windows = dotted(), np.array([[20, 30, 68, 78], [0, 0, 24, 24]], dtype=np.float32)
    crops = join(
        [
            background_crops(scene, windows, 24),
            box_crops(scene, 0, windows[:1], 24, FACE),
            box_crops(scene, 0, windows[:1], 24, UNLABELED),
            landmark_crops(scene, 0, windows[:1], 24),
        ]
    )
    assert crops.face.tolist() == [NO_FACE, NO_FACE, FACE, UNLABELED, UNLABELED]
    assert np.isnan(crops.box).all(axis=1).tolist() == [True, True, False, False, True]
    assert np.isnan(crops.landmarks).all(axis=(1, 2)).tolist() == [True, True, True, True, False]
    np.testing.assert_allclose(crops.box[2], [0, 0, 2 / 48, 2 / 48], atol=1e-6)
    np.testing.assert_allclose(crops.landmarks[4], (POINTS + 0.5 - [20, 30]) / 48, atol=1e-6)


@pytest.mark.parametrize("mirrored", [False, True])
def test_landmarks_point_at_their_pixels(mirrored: bool) -> None:
    windows = np.array([[10, 20, 90, 100]], dtype=np.float32)
    crops = mirror(landmark_crops(dotted(), 0, windows, 80), np.array([mirrored]))
    batch = to_batch(crops)
    assert batch.image.shape == (1, 3, 80, 80)
    places = (batch.landmarks[0] * 80).floor().long()
    assert batch.image[0, 0, places[:, 1], places[:, 0]].tolist() == [255] * 5
    assert places[0, 0] < places[1, 0]
    assert places[3, 0] < places[4, 0]


@pytest.mark.parametrize("mirrored", [False, True])
def test_an_enlarged_landmark_is_where_its_dot_is_seen(mirrored: bool) -> None:
    """Small faces are enlarged: half a pixel of the image is a pixel or more of the crop."""
    windows = np.array([[24, 34, 64, 74]], dtype=np.float32)
    for number, (x, y) in enumerate(POINTS.astype(int).tolist()):
        scene = dotted()
        scene.image[:] = 0
        scene.image[y, x] = 255
        crops = mirror(landmark_crops(scene, 0, windows, 120), np.array([mirrored]))
        seen = crops.image[0, ..., 0].astype(float)
        rows, columns = np.mgrid[:120, :120]
        centre = np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum() + 0.5
        order = FLIP_ORDER if mirrored else [0, 1, 2, 3, 4]
        np.testing.assert_allclose(crops.landmarks[0, order.index(number)] * 120, centre, atol=0.1)


def test_landmarks_are_decoded_as_they_are_encoded() -> None:
    """A net that outputs a crop's labels exactly gives the exact landmarks, in small faces, too."""
    scene = dotted()
    for window in ([10.0, 20.0, 90.0, 100.0], [-5.0, 3.0, 60.0, 68.0], [28.0, 38.0, 61.0, 71.0]):
        windows = np.array([window], dtype=np.float32)
        taught = torch.from_numpy(landmark_crops(scene, 0, windows, 48).landmarks)
        placed = place_landmarks(torch.from_numpy(windows), taught)
        torch.testing.assert_close(placed[0], torch.from_numpy(POINTS), atol=1e-4, rtol=0)


def test_a_mirrored_box_is_the_box_of_the_mirror_image() -> None:
    scene = dotted()
    windows = np.array([[12, 25, 76, 89]], dtype=np.float32)
    crops = mirror(box_crops(scene, 0, windows, 24, FACE), np.array([True]))
    flipped = np.array([[120 - 70, 30, 120 - 20, 80]], dtype=np.float32)
    window = np.array([[120 - 76, 25, 120 - 12, 89]], dtype=np.float32)
    np.testing.assert_allclose(crops.box, (flipped - window) / 64, atol=1e-6)


def test_recolouring_changes_each_crop_independently_within_the_limit() -> None:
    images = np.full((64, 8, 8, 3), 128, dtype=np.uint8)
    changed = recolour(images, 0.2, np.random.default_rng(0)).astype(int)
    assert len(np.unique(changed[:, 0, 0, 0])) > 10
    assert np.abs(changed - 128).max() <= 0.2 * 127.5 + 2
