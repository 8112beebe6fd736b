from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datamodules.datasets.cartoonset import FACE_BOX, IMAGE_SIDE, LANDMARKS
from datamodules.datasets.wider_face import WiderAnnotation, WiderFace
from datamodules.detector.scenes import (
    CARTOON_SIDES,
    SCENE_SIDE,
    CartoonScenes,
    FaceScenes,
    WiderScenes,
    _warp,
    boxes_of,
    in_pose,
)
from datamodules.detector.windows import pairwise_iou
from datamodules.transforms.augment import FLIP_ORDER

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]], dtype=np.uint8)


def test_small_and_invalid_faces_are_not_targets() -> None:
    boxes = np.array([[1, 2, 20, 30], [0, 0, 19, 40], [5, 5, 50, 50]], dtype=np.float32)
    attributes = np.zeros((3, 6), dtype=np.int64)
    attributes[2, 3] = 1
    edges, is_target = boxes_of(WiderAnnotation("a.jpg", 1, boxes, attributes, [1, 2, 3]))
    assert edges[0].tolist() == [1, 2, 21, 32]
    assert is_target.tolist() == [True, False, False]


def test_crowds_are_the_photos_of_the_list(sample_root: Path) -> None:
    wider = WiderFace(sample_root / "wider_face", "train")
    scenes = WiderScenes(wider, [3, 1])
    assert len(scenes) == 2
    scene = scenes.scene(1)
    np.testing.assert_array_equal(scene.image, wider[1].image)
    assert len(scene.boxes) == len(wider.annotations[1].boxes)
    assert np.isnan(scene.landmarks).all()


@pytest.fixture
def portrait(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A grey photo with a coloured disc at each landmark."""
    landmarks = np.array([[40, 50], [80, 48], [61, 72], [45, 90], [78, 91]], dtype=np.float32)
    image = np.full((130, 120, 3), 90, dtype=np.uint8)
    for (x, y), colour in zip(landmarks.astype(int).tolist(), COLOURS.tolist(), strict=True):
        cv2.circle(image, (x, y), 3, colour, -1)
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), image[..., ::-1])
    return path, landmarks


def test_rotated_and_mirrored_portraits_keep_their_landmarks(portrait: tuple[Path, np.ndarray]) -> None:
    path, landmarks = portrait
    scenes = FaceScenes([path], landmarks[None], rotation=20.0)
    orders = set()
    for seed in range(12):
        scene = scenes.scene(0, np.random.default_rng(seed))
        found = []
        for x, y in scene.landmarks[0].round().astype(int).tolist():
            distance = np.abs(COLOURS.astype(int) - scene.image[y, x]).sum(axis=1)
            assert distance.min() < 60
            found.append(int(distance.argmin()))
        orders.add(tuple(found))
        assert scene.landmarks[0, 0, 0] < scene.landmarks[0, 1, 0]
        assert not scene.is_target.any()
    assert orders == {tuple(range(5)), tuple(FLIP_ORDER)}


def test_without_rotation_a_portrait_is_unchanged(portrait: tuple[Path, np.ndarray]) -> None:
    path, landmarks = portrait
    scene = FaceScenes([path], landmarks[None], rotation=None).scene(0, np.random.default_rng(0))
    np.testing.assert_array_equal(scene.landmarks[0], landmarks)
    assert scene.image[50, 40].tolist() == [255, 0, 0]


@pytest.fixture
def cartoon(tmp_path: Path) -> Path:
    """A cartoon of the official size, transparent except for a disc at each landmark."""
    image = np.zeros((int(IMAGE_SIDE), int(IMAGE_SIDE), 4), dtype=np.uint8)
    for (x, y), colour in zip(LANDMARKS.round().astype(int).tolist(), COLOURS.tolist(), strict=True):
        cv2.circle(image, (x, y), 9, [*colour[::-1], 255], -1)
    cv2.imwrite(str(tmp_path / "cs1.png"), image)
    return tmp_path


def test_cartoons_lie_anywhere_at_any_size_with_their_landmarks(cartoon: Path) -> None:
    scenes = CartoonScenes(cartoon, ["cs1.png"])
    widths, orders = [], set()
    for seed in range(40):
        scene = scenes.scene(0, np.random.default_rng(seed))
        assert scene.image.shape == (SCENE_SIDE, SCENE_SIDE, 3)
        assert scene.is_target.tolist() == [True]
        box = scene.boxes[0]
        widths.append(float(box[2] - box[0]))
        assert (scene.landmarks[0] > box[:2]).all()
        assert (scene.landmarks[0] < box[2:]).all()
        found = []
        for x, y in scene.landmarks[0].round().astype(int).clip(0, SCENE_SIDE - 1).tolist():
            found.append(int(np.abs(COLOURS.astype(int) - scene.image[y, x]).sum(axis=1).argmin()))
        orders.add(tuple(found))
    assert orders == {tuple(range(5)), tuple(FLIP_ORDER)}
    share = float(FACE_BOX[2] - FACE_BOX[0]) / IMAGE_SIDE
    assert CARTOON_SIDES[0] * share <= min(widths) < max(widths) <= CARTOON_SIDES[1] * share
    assert max(widths) > 2 * min(widths)


POSES = np.array(
    [
        [[20, 30], [60, 30], [52, 55], [25, 75], [57, 76]],
        [[2.0, 3.4], [5.8, 2.6], [3.4, 5.3], [2.4, 7.9], [6.0, 7.4]],
    ],
    dtype=np.float32,
)
"""A head turned to one side, and a smaller one that is turned to the other and tilted."""


def spread(points: np.ndarray) -> np.ndarray:
    """Points (5, 2) without their place and size, level at the eyes."""
    complex_points = points[:, 0] + 1j * points[:, 1]
    return np.asarray((complex_points - complex_points[0]) / (complex_points[1] - complex_points[0]))


def test_some_cartoons_get_the_pose_of_a_portrait_with_their_landmarks(cartoon: Path) -> None:
    scenes = CartoonScenes(cartoon, ["cs1.png"], poses=POSES, posed=0.5)
    plain, turned = spread(LANDMARKS), [spread(pose) for pose in POSES]
    shapes = [shape for each in (plain, *turned) for shape in (each, 1 - each.conj()[FLIP_ORDER])]
    counts = np.zeros(3, dtype=int)
    for seed in range(60):
        scene = scenes.scene(0, np.random.default_rng(seed))
        landmarks = scene.landmarks[0]
        apart = [np.abs(spread(landmarks) - shape).max() for shape in shapes]
        assert min(apart) < 0.05
        counts[int(np.argmin(apart)) // 2] += 1
        found = []
        for x, y in landmarks.round().astype(int).tolist():
            if 0 <= x < SCENE_SIDE and 0 <= y < SCENE_SIDE:
                distance = np.abs(COLOURS.astype(int) - scene.image[y, x]).sum(axis=1)
                assert distance.min() < 200
                found.append(int(distance.argmin()))
        assert len(set(found)) == len(found) >= 4
        assert (scene.boxes[0, :2] < landmarks.mean(axis=0)).all()
        assert (scene.boxes[0, 2:] > landmarks.mean(axis=0)).all()
    assert counts.min() > 5
    assert 20 < counts[0] < 40


def test_a_posed_cartoon_has_no_fringe_and_its_box_shrinks_with_its_head() -> None:
    """Black up to the edges of the face's box, transparent elsewhere; the colour below is not seen."""
    cartoon = np.zeros((int(IMAGE_SIDE), int(IMAGE_SIDE), 4), dtype=np.float32)
    left, top, right, bottom = FACE_BOX.astype(int).tolist()
    cartoon[top:bottom, left:right, 3] = 255
    drawn, landmarks, box = in_pose(cartoon, POSES[0])
    assert drawn[..., :3].max() <= 1
    rows, columns = np.nonzero(drawn[..., 3] > 127)
    scale = IMAGE_SIDE / len(drawn)
    np.testing.assert_allclose(box[0], np.array([columns.min(), rows.min()]) * scale, atol=8)
    np.testing.assert_allclose(box[1], np.array([columns.max() + 1, rows.max() + 1]) * scale, atol=8)
    np.testing.assert_allclose(np.diff(box, axis=0)[0], 0.87 * (FACE_BOX[2:] - FACE_BOX[:2]), rtol=0.02)
    assert landmarks.shape == (5, 2)


@pytest.mark.parametrize("side", [100, 150, 200, 256, 500])
def test_a_point_is_drawn_where_its_label_says(side: int) -> None:
    """The centre of a blob after the warp is right to a twentieth of a pixel, at any reduction."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    middle = np.array([140.3, 97.6])
    image = np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * 9.0**2)).astype(np.float32)
    image = np.repeat(image[..., None], 4, axis=2) * 255
    scale = side / IMAGE_SIDE
    matrix = np.array([[scale, 0, 3.7], [0, scale, 11.2], [0, 0, 1]])
    of_frame = (middle + 0.5) * IMAGE_SIDE / 256 - 0.5  # whole numbers are pixel centres, in the frame, too
    expected = matrix[:2, :2] @ of_frame + matrix[:2, 2]
    found = _warp(image, matrix, 600)[..., 0]
    rows, columns = np.mgrid[:600, :600]
    centre = np.array([(columns * found).sum(), (rows * found).sum()]) / found.sum()
    np.testing.assert_allclose(centre, expected, atol=0.05)


def test_a_cartoons_box_has_the_edges_of_what_it_covers(tmp_path: Path) -> None:
    """A cartoon that is just its box in black: the scene is dark where the box is, mirrored or not."""
    image = np.zeros((int(IMAGE_SIDE), int(IMAGE_SIDE), 4), dtype=np.uint8)
    left, top, right, bottom = FACE_BOX.astype(int).tolist()
    image[top:bottom, left:right] = (0, 0, 0, 255)
    cv2.imwrite(str(tmp_path / "cs1.png"), image)
    scenes = CartoonScenes(tmp_path, ["cs1.png"])
    apart = []
    for seed in range(60):
        scene = scenes.scene(0, np.random.default_rng(seed))
        light = scene.image.astype(float).sum(axis=2)
        border = np.concatenate((light[0], light[-1], light[:, 0], light[:, -1]))
        if border.min() < 100 or border.max() - border.min() > 1:  # a corner of the rotated box is outside the scene
            continue
        cover = 1 - light / light.max()
        rows, columns = np.mgrid[:SCENE_SIDE, :SCENE_SIDE]
        seen = np.array([(columns * cover).sum(), (rows * cover).sum()]) / cover.sum() + 0.5
        apart.append((scene.boxes[0, :2] + scene.boxes[0, 2:]) / 2 - seen)
    assert len(apart) > 10
    np.testing.assert_allclose(np.abs(apart).max(axis=0), 0, atol=0.1)


def test_backgrounds_vary_and_show_no_face(cartoon: Path, sample_root: Path) -> None:
    wider = WiderFace(sample_root / "wider_face", "train")
    scenes = CartoonScenes(cartoon, ["cs1.png"], WiderScenes(wider, range(len(wider))))
    corners = [scenes.scene(0, np.random.default_rng(seed)).image[::40, ::40].reshape(-1, 3) for seed in range(24)]
    plain = [len(np.unique(corner, axis=0)) <= 12 for corner in corners]
    white = [(corner == 255).all(axis=1).mean() > 0.5 for corner in corners]
    assert 0 < sum(white) < sum(plain) < 24


def test_a_scene_is_a_function_of_its_seed(cartoon: Path) -> None:
    scenes = CartoonScenes(cartoon, ["cs1.png"])
    first, again = (scenes.scene(0, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.image, again.image)
    assert pairwise_iou(first.boxes, again.boxes)[0, 0] == pytest.approx(1)
