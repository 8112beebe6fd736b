"""The second family of cartoons: landmarks against what is drawn, framing against CartoonSet, colours, the layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from datamodules.datasets.cartoonset import LANDMARKS, NO_GLASSES, CartoonSet, find_cartoons
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.sample_data import write_big_ears
from datamodules.sample_data.big_ears import (
    EYES,
    MOUTHS,
    NOSES,
    Parts,
    draw_big_ears,
    head_svg,
    landmarks_of,
)
from datamodules.sample_data.cartoons import FACE_TONES, HAIR_TONES, SIDE, render
from datamodules.samples import NO_HAIR_COLOUR, SPLITS, HairColour
from datamodules.transforms.framing import CARTOON_CROP

PLAIN = Parts(
    eyes="variant05",
    nose="variant01",
    mouth="variant0702",
    head="variant03",
    ears="variant01",
    hair="short13",
    fringe="variant11",
    sideburns="variant01",
    details=None,
    hair_tone=HAIR_TONES[1],
    skin_tone=FACE_TONES[9],
    glasses=NO_GLASSES,
    glasses_tone="#252c2f",
)


def pixels_of(component: str, parts: Parts) -> NDArray[np.int_]:
    """(N, 2) x and y of the pixels at which a component is seen."""
    drawn, without = (render(head_svg(parts, left_out)).astype(int) for left_out in (None, component))
    return np.argwhere(np.abs(drawn - without).max(axis=2) > 25)[:, ::-1]


@pytest.mark.parametrize("mouth", MOUTHS)
def test_corners_of_the_mouth_are_where_its_drawing_ends(mouth: str) -> None:
    parts = replace(PLAIN, mouth=mouth)
    seen = pixels_of("mouth", parts)
    _, _, _, left, right = landmarks_of(parts)
    for corner, end in ((left, seen[:, 0].min()), (right, seen[:, 0].max())):
        assert corner[0] == pytest.approx(end, abs=2.5)
        rows = seen[np.abs(seen[:, 0] - end) <= 2, 1]
        assert corner[1] == pytest.approx(rows.mean(), abs=4)


@pytest.mark.parametrize("eyes", EYES)
def test_pupils_are_the_middles_of_what_is_dark(eyes: str) -> None:
    parts = replace(PLAIN, eyes=eyes)
    image = render(head_svg(parts))[..., :3].astype(int)
    pupil = 130 if eyes == "variant24" else 60  # a grey one
    for x, y in landmarks_of(parts)[:2]:
        row, column = round(float(y)), round(float(x))
        window = image[row - 9 : row + 10, column - 5 : column + 6]
        dark = np.argwhere(window.max(axis=2) < pupil)
        assert len(dark) > 40
        assert dark.mean(axis=0).tolist() == pytest.approx([9, 5], abs=2)


@pytest.mark.parametrize("nose", NOSES)
def test_the_nose_ends_at_its_landmark(nose: str) -> None:
    parts = replace(PLAIN, nose=nose)
    seen = pixels_of("nose", parts)
    x, y = landmarks_of(parts)[2]
    assert x == pytest.approx((seen[:, 0].min() + seen[:, 0].max()) / 2, abs=1.5)
    assert seen[:, 1].max() - 6 < y <= seen[:, 1].max() + 1


def test_faces_lie_where_those_of_cartoonset_do() -> None:
    """On average within 0.0125 of the side that a network sees, every one within 0.05."""
    points = np.stack(
        [
            landmarks_of(replace(PLAIN, eyes=eyes, nose=nose, mouth=mouth))
            for eyes in EYES
            for nose in NOSES
            for mouth in MOUTHS
        ]
    )
    apart = (points - LANDMARKS) / (CARTOON_CROP * SIDE)
    assert np.abs(apart.mean(axis=0)).max() < 0.0125
    assert np.abs(apart).max() < 0.05


def test_only_the_head_is_drawn_and_nothing_behind_it() -> None:
    for seed in range(12):
        image = draw_big_ears(np.random.default_rng(seed)).image
        clear = image[..., 3] == 0
        assert (image[clear][:, :3] == 255).all()
        assert clear[[0, -1]].all(), "the head reaches the edge"
        assert clear[440:].all(), "there is something below the chin"
        assert 0.15 < 1 - clear.mean() < 0.7


@pytest.mark.parametrize("colour", range(10))
def test_hair_and_skin_have_the_colours_that_are_told(colour: int) -> None:
    cartoon = draw_big_ears(np.random.default_rng(colour), colour)
    assert cartoon.attributes["hair_color"] == (colour, 10)
    pixels = cartoon.image[cartoon.image[..., 3] == 255][:, :3]
    for tone in (HAIR_TONES[colour], FACE_TONES[cartoon.attributes["face_color"][0]]):
        rgb = [int(tone[place : place + 2], 16) for place in (1, 3, 5)]
        assert (pixels == rgb).all(axis=1).mean() > 0.05


@pytest.mark.parametrize("style", range(3))
def test_glasses_go_round_the_eyes(style: int) -> None:
    with_glasses = replace(PLAIN, glasses=style)
    changed = render(head_svg(with_glasses)).astype(int) - render(head_svg(PLAIN))
    rows, columns = np.nonzero(np.abs(changed).max(axis=2) > 25)
    left, right = landmarks_of(PLAIN)[:2]
    assert columns.min() < left[0] - 25
    assert columns.max() > right[0] + 25
    assert rows.min() < left[1] - 15
    assert rows.max() > left[1] + 15


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("big_ears") / "data"
    assert write_big_ears(out, count=20, progress=False) == 20
    return out


def test_the_folder_is_opened_as_cartoonset_with_landmarks_of_its_own(root: Path) -> None:
    folder = root / "big_ears"
    parts = [CartoonSet(folder, split) for split in SPLITS if any_of(folder, split)]
    assert sum(len(part) for part in parts) == 20
    assert {int(colour) for part in parts for colour in part.labels} == {NO_HAIR_COLOUR, *HairColour}
    assert {int(value) for part in parts for value in part.attributes[:, 0]} == {0, 1}
    face = parts[0][0]
    assert face.image.shape == (SIDE, SIDE, 3)
    assert 0.5 < np.abs(face.landmarks - LANDMARKS).max() < 25
    assert "CC BY 4.0" in (folder / "CREDIT.txt").read_text()


def any_of(folder: Path, split: str) -> bool:
    from datamodules.datasets.splits import split_of

    return any(split_of(name) == split for name in find_cartoons(folder))


def test_their_landmarks_go_through_the_framing(root: Path, sample_root: Path) -> None:
    data = FacesDataModule(str(root), str(sample_root / "celeba"), "big_ears", image_size=64)
    stream = data.stream("cartoon", "train")
    face = stream.transform(stream.faces[0], 0)
    assert face.image.shape == (3, 64, 64)
    eyes = face.landmarks[:2, 1].mean()
    assert 0.4 * 64 < eyes < 0.85 * 64


def test_the_same_call_draws_nothing_anew_and_another_is_refused(root: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (root / "big_ears").iterdir()}
    write_big_ears(root, count=20, progress=False)
    assert {path.name: path.stat().st_mtime_ns for path in (root / "big_ears").iterdir()} == before
    with pytest.raises(FileExistsError, match="big_ears already exists"):
        write_big_ears(root, count=21, progress=False)


def test_landmarks_change_the_fingerprint_and_stray_rows_are_named(root: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "big_ears"
    shutil.copytree(root / "big_ears", folder)
    before = CartoonSet(folder, "train").fingerprint()
    table = folder / "faces.csv"
    table.write_text(table.read_text() + "cs9.png,1,2,3,4,5,6,7,8,9,10,\n")
    with pytest.raises(DataError, match=r"faces\.csv has a row for cs9\.png, which is not a cartoon"):
        CartoonSet(folder, "train")
    table.write_text("\n".join(table.read_text().splitlines()[:-2]) + "\n")
    assert CartoonSet(folder, "train").fingerprint() != before
