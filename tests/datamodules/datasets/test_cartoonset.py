from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.datasets.cartoonset import HAIR_OF_INDEX, LANDMARKS, CartoonSet, read_attributes
from datamodules.datasets.splits import split_of
from datamodules.errors import DataError
from datamodules.samples import NO_HAIR_COLOUR, SPLITS, UNKNOWN, HairColour


def test_splits_share_no_image_and_leave_none_out(sample_root: Path) -> None:
    folder = sample_root / "cartoonset10k"
    names = [name for split in SPLITS for name in CartoonSet(folder, split).names]
    assert sorted(names) == sorted(path.name for path in folder.glob("*.png"))


def test_hair_colours_follow_the_rule_of_the_project() -> None:
    assert {index for index, colour in HAIR_OF_INDEX.items() if colour == HairColour.BLACK} == {7}
    assert {index for index, colour in HAIR_OF_INDEX.items() if colour == HairColour.BROWN} == {5, 6}
    assert {index for index, colour in HAIR_OF_INDEX.items() if colour == HairColour.BLONDE} == {0, 1, 4}
    assert {index for index, colour in HAIR_OF_INDEX.items() if colour == HairColour.GREY} == {8, 9}


def write_cartoon(folder: Path, hair: int, side: int = 500) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    name = next(name for name in map("cs{}.png".format, range(1000)) if split_of(name) == "train")
    Image.new("RGBA", (side, side), (0, 0, 0, 0)).save(folder / name)
    (folder / name).with_suffix(".csv").write_text(f'"face_color", 4, 11\n"hair_color", {hair}, 10\n')
    return folder / name


@pytest.mark.parametrize("side", [500, 256])
def test_landmarks_scale_with_the_image(tmp_path: Path, side: int) -> None:
    write_cartoon(tmp_path / "cartoonset10k", hair=7, side=side)
    face = CartoonSet(tmp_path / "cartoonset10k", "train")[0]
    assert face.label == HairColour.BLACK
    np.testing.assert_allclose(face.landmarks, (LANDMARKS + 0.5) * side / 500 - 0.5, rtol=1e-6)
    assert (face.image == 255).all()  # clear pixels lie on white


def test_orange_hair_has_no_label(tmp_path: Path) -> None:
    write_cartoon(tmp_path / "set", hair=2)
    assert CartoonSet(tmp_path / "set", "train").labels.tolist() == [NO_HAIR_COLOUR]


def test_glasses_beards_and_mouths_are_those_of_the_csv(tmp_path: Path) -> None:
    annotations = write_cartoon(tmp_path / "set", hair=7).with_suffix(".csv")
    assert CartoonSet(tmp_path / "set", "train").attributes.tolist() == [[UNKNOWN, UNKNOWN, 1]]
    for glasses, facial_hair, mouth, expected in (
        *((11, 14, 0, [0, 0, 1]), (3, 14, 1, [1, 0, 0]), (11, 0, 0, [0, 1, 1])),
    ):
        lines = (
            f'"hair_color", 7, 10\n"glasses", {glasses}, 12\n"facial_hair", {facial_hair}, 15\n"mouth", {mouth}, 2\n'
        )
        annotations.write_text(lines)
        faces = CartoonSet(tmp_path / "set", "train")
        assert faces.attributes.tolist() == [expected]
        assert faces[0].attributes.tolist() == expected


def test_the_100k_set_lies_in_sub_folders(tmp_path: Path) -> None:
    write_cartoon(tmp_path / "cartoonset100k" / "3", hair=5)
    (name,) = CartoonSet(tmp_path / "cartoonset100k", "train").names
    assert name.startswith("3/cs")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('"hair_color", 3\n', "line 1: expected"),
        ('"face_color", 4, 11\n"hair_color", ten, 10\n', "line 2: expected"),
        ('"hair_color", 10, 10\n', "hair_color is 10"),
        ('"face_color", 4, 11\n', "no line for hair_color"),
    ],
)
def test_a_bad_csv_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "cs1.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"cs1\.csv.*{complaint}"):
        read_attributes(path)


def test_a_missing_csv_or_folder_is_named(tmp_path: Path) -> None:
    write_cartoon(tmp_path / "set", hair=1).with_suffix(".csv").unlink()
    with pytest.raises(DataError, match=r"no such file: .*\.csv"):
        CartoonSet(tmp_path / "set", "train")
    with pytest.raises(DataError, match=r"no such folder: .*nowhere"):
        CartoonSet(tmp_path / "nowhere", "train")
