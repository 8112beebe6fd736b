from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.attribute_classifier import AttributeDataModule
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.joined import JoinedFaces, join, set_folders
from datamodules.errors import DataError
from datamodules.faces import FacesDataModule
from datamodules.samples import Attribute, RawFace, unknown_attributes
from datamodules.source import FaceSource


class Planted:
    """Faces that tell which they are by their grey."""

    def __init__(self, first: int, count: int, has_glasses: bool = True) -> None:
        self.names = [f"{number}.png" for number in range(count)]
        self.labels = np.arange(count, dtype=np.int64) % 4
        self.attributes = np.full((count, len(Attribute)), 1) if has_glasses else unknown_attributes(count)
        self._first = first

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> RawFace:
        grey = np.full((8, 8, 3), self._first + range(len(self))[index], dtype=np.uint8)
        return RawFace(grey, np.zeros((5, 2), dtype=np.float32), int(self.labels[index]), Path(self.names[index]))

    def fingerprint(self) -> str:
        return f"{self._first}"


def test_every_face_is_that_of_its_source() -> None:
    joined = JoinedFaces({"a": Planted(0, 3), "b/c": Planted(100, 2, has_glasses=False), "d": Planted(200, 1)})
    assert len(joined) == 6
    assert [int(joined[index].image[0, 0, 0]) for index in range(6)] == [0, 1, 2, 100, 101, 200]
    assert joined.names == ["a/0.png", "a/1.png", "a/2.png", "b/c/0.png", "b/c/1.png", "d/0.png"]
    assert joined.labels.tolist() == [0, 1, 2, 0, 1, 0]
    assert [joined[index].label for index in range(6)] == joined.labels.tolist()
    assert joined.attributes[:, 0].tolist() == [1, 1, 1, -1, -1, 1]
    assert (
        joined.fingerprint()
        != JoinedFaces({"a": Planted(0, 3), "b/c": Planted(7, 2), "d": Planted(200, 1)}).fingerprint()
    )
    with pytest.raises(IndexError):
        joined[6]


def test_a_single_source_is_itself() -> None:
    source: FaceSource = Planted(0, 2)
    assert join({"a": source}) is source


@pytest.mark.parametrize("names", ["one,two", " one , two ", ["one", "two"]])
def test_folders_are_named_by_commas_or_a_list(names: str | list[str], tmp_path: Path) -> None:
    folders = set_folders(tmp_path, names, "--data.photos")
    assert [folder.called for folder in folders] == ["one", "two"]
    assert [folder.path for folder in folders] == [tmp_path / "one", tmp_path / "two"]


def test_a_comma_in_a_name_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "one,two").mkdir()
    assert [folder.called for folder in set_folders(tmp_path, "one,two", "--data.photos")] == ["one,two"]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [("", "name a folder"), ("one,", "name a folder"), ([], "name a folder"), ("one,two,./one", "one twice")],
)
def test_a_list_that_names_nothing_or_something_twice_is_refused(
    names: str | list[str], complaint: str, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=rf"^--data\.photos .*{complaint}$|^--data\.photos .*{complaint}, or several"):
        set_folders(tmp_path, names, "--data.photos")


@pytest.fixture
def two_sets(sample_root: Path, tmp_path: Path) -> Path:
    """The sample data, and the same again as `again/`, whose cartoons have other names and landmarks."""
    root = tmp_path / "data"
    root.mkdir()
    for name in ("celeba", "cartoonset10k"):
        (root / name).symlink_to(sample_root / name)
    (root / "again").mkdir()
    shutil.copytree(sample_root / "celeba", root / "again" / "celeba")
    (root / "others").mkdir()
    rows = ["file,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5"]
    for path in sorted((sample_root / "cartoonset10k").glob("cs*.png")):
        shutil.copy(path, root / "others" / path.name)
        shutil.copy(path.with_suffix(".csv"), root / "others")
        rows.append(f"{path.name},200,250,300,250,250,300,220,330,280,330")
    (root / "others" / "faces.csv").write_text("\n".join(rows) + "\n")
    return root


def test_two_sets_are_one_domain_with_their_own_labels_landmarks_and_parts(two_sets: Path, tmp_path: Path) -> None:
    data = FacesDataModule(
        str(two_sets), "celeba,again/celeba", ["cartoonset10k", "others"], 32, 2, 0, cache_dir=str(tmp_path / "cache")
    )
    for split in ("train", "val", "test"):
        alone = CelebA(two_sets / "celeba", split)
        photos = data.stream("photo", split).faces
        assert photos.names == [f"{place}/{name}" for place in ("celeba", "again/celeba") for name in alone.names]
        assert photos.labels.tolist() == [*alone.labels, *alone.labels]
    cartoons = data.stream("cartoon", "train").faces
    alone_cartoons = CartoonSet(two_sets / "cartoonset10k", "train")
    assert len(cartoons) == 2 * len(alone_cartoons)
    first, second = cartoons[0], cartoons[len(alone_cartoons)]
    assert np.array_equal(first.image, second.image)
    assert first.image.shape == (40, 40, 3)  # the frame of which the network sees 0.8
    np.testing.assert_allclose(first.landmarks, (alone_cartoons[0].landmarks + 0.5) * 0.08 - 0.5, atol=1e-4)
    np.testing.assert_allclose(second.landmarks[0], np.array([200.5, 250.5]) * 0.08 - 0.5, atol=1e-4)
    built = sorted(path.name.split("-")[0] for path in (tmp_path / "cache").iterdir() if path.is_dir())
    assert built == ["cartoonset10k", "others"]  # one for each set, to be shared with runs on it alone


def test_training_draws_every_face_of_both_as_often(two_sets: Path) -> None:
    data = FacesDataModule(str(two_sets), "celeba,again/celeba", "cartoonset10k,others", 16, 1, 0)
    stream = data.stream("photo", "train")
    drawn = [stream.sampler(draw) for draw in range(2 * len(stream.faces))]
    assert sorted(drawn) == sorted([*range(len(stream.faces))] * 2)
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert batch.cartoon.image.shape == (1, 3, 16, 16)
    assert torch.isfinite(batch.cartoon.landmarks).all()


def test_a_missing_one_of_several_is_named(two_sets: Path) -> None:
    data = FacesDataModule(str(two_sets), "celeba,nowhere/celeba")
    with pytest.raises(DataError, match="nowhere/celeba"):
        data.prepare_data()


def test_the_classifier_learns_from_several_sets(two_sets: Path) -> None:
    data = AttributeDataModule(str(two_sets), "celeba,again/celeba", "cartoonset10k,others", 16, 2, 0, epoch_size=4)
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert batch.image.shape == (2, 3, 16, 16)
    assert data.part_names == ("other cartoons", "photos")
