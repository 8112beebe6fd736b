from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.sample_data.faces import FaceSample, draw_face, random_pose, tilted
from datamodules.sample_data.geometry import CELEBA_POINTS, Pose
from datamodules.sample_data.people import HAIR_COLOURS, HairColour, Person, random_person

SIZE = (356, 436)
STAND = CELEBA_POINTS * np.float32(2)
SMALL_STAND = CELEBA_POINTS / np.float32(2)


def plain_person(number: int, hair: HairColour = "brown") -> Person:
    """A person with nothing in front of eyes and mouth."""
    person = random_person(np.random.default_rng(number), hair)
    return replace(
        person, hair=hair, style="short", bangs=False, hat=False, glasses=False, beard="none", eye_open=1.0, smile=0.0
    )


def drawn(person: Person, pose: Pose, seed: int = 0) -> FaceSample:
    return draw_face(np.random.default_rng(seed), SIZE, STAND, person, pose)


def brightness(face: FaceSample, point: NDArray[np.floating]) -> float:
    column, row = np.rint(point).astype(int)
    return float(face.image[row - 1 : row + 2, column - 1 : column + 2].mean())


@pytest.mark.parametrize("pose", [Pose(), Pose(yaw=18), Pose(yaw=-18, pitch=6)])
@pytest.mark.parametrize("number", range(4))
def test_pupils_are_darker_than_the_whites_beside_them(number: int, pose: Pose) -> None:
    face = drawn(plain_person(number), pose)
    left, right = face.landmarks[:2]
    aside = (right - left) * (9.5 / 63)
    for eye in (left, right):
        whites = [brightness(face, eye + aside), brightness(face, eye - aside)]
        assert brightness(face, eye) < 0.6 * min(whites)


@pytest.mark.parametrize("yaw", [-15.0, 0.0, 15.0])
def test_the_open_mouth_ends_at_its_corners(yaw: float) -> None:
    person = replace(plain_person(5), mouth_open=8.0, lipstick=False)
    difference = drawn(person, Pose(yaw)).image.astype(int) - drawn(replace(person, mouth_open=0.0), Pose(yaw)).image
    rows, columns = np.nonzero(np.abs(difference).max(-1) > 12)
    corners = drawn(person, Pose(yaw)).landmarks[3:]
    assert columns.min() == pytest.approx(corners[0, 0], abs=5)
    assert columns.max() == pytest.approx(corners[1, 0], abs=5)
    assert rows.mean() == pytest.approx(corners[:, 1].mean(), abs=5)


def test_turning_the_head_moves_the_nose_and_narrows_the_eyes() -> None:
    person = plain_person(1)
    points = [drawn(person, Pose(yaw)).landmarks for yaw in (-30, -15, 0, 15, 30)]
    nose = [float(p[2, 0] - p[:2, 0].mean()) for p in points]
    narrow = [float(np.linalg.norm(p[1] - p[0]) / np.linalg.norm(p[:2].mean(0) - p[3:].mean(0))) for p in points]
    assert nose == sorted(nose)
    assert nose[2] == pytest.approx(0, abs=0.5)
    assert narrow[2] == max(narrow)
    assert narrow[0] < 0.95 * narrow[2]


def test_a_frontal_face_stands_where_it_is_told() -> None:
    stand = tilted(STAND, 10.0)
    face = draw_face(np.random.default_rng(0), SIZE, stand, plain_person(2), Pose())
    assert np.abs(face.landmarks - stand).max() < 6
    left, top, right, bottom = face.box
    assert (face.landmarks > [left, top]).all()
    assert (face.landmarks < [right, bottom]).all()
    assert face.alpha[int(top + bottom) // 2, int(left + right) // 2] == pytest.approx(1, abs=1e-3)


def test_poses_and_landmarks_vary() -> None:
    rng = np.random.default_rng(0)
    poses = [random_pose(rng) for _ in range(60)]
    yaws = np.array([pose.yaw for pose in poses])
    assert yaws.std() > 8
    assert np.abs(yaws).max() <= 32
    faces = [draw_face(np.random.default_rng(k), (89, 109), SMALL_STAND, pose=poses[k]) for k in range(12)]
    assert np.stack([face.landmarks for face in faces])[:, 2, 0].std() > 1.0


def hair_tone(face: FaceSample) -> NDArray[np.floating]:
    return np.asarray(np.median(face.image[face.hair_mask > 0.95], 0))


@pytest.mark.parametrize("seed", range(3))
def test_hair_has_the_colour_of_its_label(seed: int) -> None:
    tones = {}
    for hair in HAIR_COLOURS:
        person = replace(random_person(np.random.default_rng(seed), hair), hair=hair, style="short", hat=False)
        tones[hair] = hair_tone(draw_face(np.random.default_rng(seed), (89, 109), SMALL_STAND, person, Pose()))
    value = {hair: float(tone.max()) for hair, tone in tones.items()}
    saturation = {hair: float(1 - tone.min() / tone.max()) for hair, tone in tones.items()}
    assert value["black"] < 70
    assert value["black"] < value["brown"] < value["blonde"]
    assert saturation["grey"] < 0.15
    assert value["grey"] > 1.6 * value["black"]
    assert saturation["blonde"] > 0.25
    assert saturation["brown"] > 0.25


def test_glasses_change_the_picture_around_the_eyes_alone() -> None:
    person = plain_person(3)
    bare, worn = drawn(person, Pose()), drawn(replace(person, glasses=True), Pose())
    rows, _ = np.nonzero(np.abs(worn.image.astype(int) - bare.image).max(-1) > 40)
    assert len(rows) > 300
    assert np.abs(rows - bare.landmarks[:2, 1].mean()).max() < 50
    assert worn.attributes["Eyeglasses"]
    assert not bare.attributes["Eyeglasses"]


def test_a_beard_darkens_the_chin() -> None:
    person = replace(plain_person(4, "black"), skin=(0.92, 0.75, 0.64))
    chin = CELEBA_POINTS[3:].mean(0) * 2 + [0, 30]
    bare, bearded = drawn(person, Pose()), drawn(replace(person, beard="full"), Pose())
    assert brightness(bearded, chin) < 0.6 * brightness(bare, chin)
    assert bare.attributes["No_Beard"]
    assert not bearded.attributes["No_Beard"]


def test_bald_heads_show_no_hair() -> None:
    face = drawn(replace(plain_person(6), style="bald"), Pose())
    assert face.hair_mask.max() == 0
    assert face.attributes["Bald"]
    assert not any(face.attributes[name] for name in ("Black_Hair", "Brown_Hair", "Blond_Hair", "Gray_Hair"))


def test_the_same_seed_draws_the_same_face() -> None:
    first, second = (draw_face(np.random.default_rng(9), (89, 109), SMALL_STAND) for _ in range(2))
    assert (first.image == second.image).all()
    assert (first.landmarks == second.landmarks).all()
    assert (draw_face(np.random.default_rng(8), (89, 109), SMALL_STAND).image != first.image).any()


def test_the_mask_of_the_head_ends_at_chin_and_hair() -> None:
    face = drawn(plain_person(3), Pose())
    head, person = face.head_mask > 0.5, face.alpha > 0.5
    assert (face.head_mask <= face.alpha + 0.01).all()
    eyes, mouth = face.landmarks[:2].mean(0), face.landmarks[3:].mean(0)
    unit = mouth[1] - eyes[1]
    down = np.array([0, unit])
    for x, y in (*face.landmarks, eyes - 0.8 * down, mouth + 0.35 * down):
        assert head[round(float(y)), round(float(x))]
    below = round(float(mouth[1] + unit))
    assert not head[below:].any()
    assert person[below:].any()
    assert (face.hair_mask <= face.head_mask + 0.01).all()


def test_the_mask_of_the_head_has_hat_and_long_hair_and_no_clothes() -> None:
    bare, person = plain_person(3), replace(plain_person(3), style="long")
    short, long_haired = drawn(bare, Pose()), drawn(person, Pose())
    assert long_haired.head_mask.sum() > 1.1 * short.head_mask.sum()
    shoulders = (long_haired.alpha > 0.99) & (long_haired.hair_mask < 0.01)
    shoulders[: round(float(long_haired.landmarks[3:, 1].mean() + 80))] = False
    assert shoulders.any()
    assert long_haired.head_mask[shoulders].max() < 0.01
    hatted = drawn(replace(bare, hat=True), Pose())
    assert (hatted.head_mask > 0.5).sum() > (short.head_mask > 0.5).sum()
