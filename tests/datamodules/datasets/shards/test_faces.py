from __future__ import annotations

import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.shards import ShardedFaces, write_shards
from datamodules.errors import DataError
from datamodules.samples import SPLITS, RawFace, Split
from datamodules.source import FaceSource


def assert_same(first: RawFace, second: RawFace) -> None:
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.landmarks, second.landmarks)
    assert first.landmarks.dtype == second.landmarks.dtype == np.float32
    assert (first.label, first.path.name) == (second.label, second.path.name)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", ["celeba", "cartoonset10k"])
def test_the_faces_are_those_of_the_set(sample_root: Path, sharded_root: Path, name: str, split: Split) -> None:
    files: FaceSource = (CelebA if name == "celeba" else CartoonSet)(sample_root / name, split)
    shards = ShardedFaces(sharded_root / name, split)
    assert shards.names == files.names
    np.testing.assert_array_equal(shards.labels, files.labels)
    assert len(shards) == len(files)
    for index in np.random.default_rng(0).permutation(len(files)):
        assert_same(shards[index], files[index])


def test_indices_are_those_of_a_list(sharded_root: Path) -> None:
    shards = ShardedFaces(sharded_root / "celeba", "train")
    assert_same(shards[-1], shards[len(shards) - 1])
    with pytest.raises(IndexError):
        shards[len(shards)]
    assert len(list(shards)) == len(shards)  # type: ignore[call-overload]  # iterates by index


def test_the_path_says_which_shard(sharded_root: Path) -> None:
    shards = ShardedFaces(sharded_root / "celeba", "train")
    for index in range(len(shards)):
        path = shards[index].path
        assert path.name == shards.names[index]
        assert f"{path.name}".encode() in path.parent.read_bytes()


def test_unknown_landmarks_stay_unknown(sample_root: Path, tmp_path: Path) -> None:
    photos = AnnotatedFolder(sample_root / "celeba" / "img_align_celeba", "val")
    write_shards({"val": photos}, tmp_path / "photos")
    for face in map(ShardedFaces(tmp_path / "photos", "val").__getitem__, range(len(photos))):
        assert np.isnan(face.landmarks).all()


def test_threads_do_not_mix_faces_up(sample_root: Path, sharded_root: Path) -> None:
    files = CelebA(sample_root / "celeba", "train")
    shards = ShardedFaces(sharded_root / "celeba", "train")
    indices = np.random.default_rng(0).integers(0, len(files), 300).tolist()
    with ThreadPoolExecutor(8) as pool:
        for index, face in zip(indices, pool.map(shards.__getitem__, indices), strict=True):
            np.testing.assert_array_equal(face.image, files[index].image)


def test_a_used_source_can_be_sent_to_another_process(sharded_root: Path) -> None:
    shards = ShardedFaces(sharded_root / "celeba", "train")
    before = shards[2]
    assert_same(pickle.loads(pickle.dumps(shards))[2], before)


@pytest.fixture
def folder(sharded_root: Path, tmp_path: Path) -> Path:
    """A copy of the photos' shards, to be damaged."""
    return Path(shutil.copytree(sharded_root / "celeba", tmp_path / "celeba"))


@pytest.mark.parametrize("name", ["chunk-0-2.bin", "index.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / "train" / name).unlink()
    with pytest.raises(DataError, match=rf"train.{name}"):
        ShardedFaces(folder, "train")
    assert len(ShardedFaces(folder, "val"))


def test_a_missing_folder_of_shards_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "train")
    with pytest.raises(DataError, match=r"no such file: .*train"):
        ShardedFaces(folder, "train")


def test_a_cut_off_shard_is_named(folder: Path) -> None:
    path = folder / "train" / "chunk-0-1.bin"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=rf"chunk-0-1\.bin has {size - 1:,} bytes instead of {size:,}"):
        ShardedFaces(folder, "train")


def test_a_shard_overwritten_by_something_else_is_named(folder: Path) -> None:
    path = folder / "train" / "chunk-0-0.bin"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(DataError, match=r"cannot read .*chunk-0-0\.bin"):
        ShardedFaces(folder, "train")[0]


def test_a_damaged_image_is_named(folder: Path, sample_root: Path) -> None:
    encoded = CelebA(sample_root / "celeba", "train").path(0).read_bytes()
    path = folder / "train" / "chunk-0-0.bin"
    path.write_bytes(path.read_bytes().replace(encoded, bytes(len(encoded))))
    shards = ShardedFaces(folder, "train")
    with pytest.raises(DataError, match=rf"chunk-0-0\.bin.{shards.names[0]}"):
        shards[0]
    assert shards[1].image.size


def test_shards_and_index_of_different_runs_are_noticed(folder: Path) -> None:
    path = folder / "shards.json"
    names = ShardedFaces(folder, "train").names
    path.write_text(path.read_text().replace(names[0], "tmp").replace(names[1], names[0]).replace("tmp", names[1]))
    with pytest.raises(DataError, match=rf"chunk-0-0\.bin has {names[0]} where .*shards\.json has {names[1]}"):
        ShardedFaces(folder, "train")[0]


def test_a_split_that_was_not_sharded_is_named(sample_root: Path, tmp_path: Path) -> None:
    write_shards({"val": CelebA(sample_root / "celeba", "val")}, tmp_path / "celeba")
    with pytest.raises(DataError, match="contain val, but not 'train'"):
        ShardedFaces(tmp_path / "celeba", "train")


def test_the_fingerprint_follows_the_shards(folder: Path) -> None:
    first = ShardedFaces(folder, "train").fingerprint()
    assert ShardedFaces(folder, "train").fingerprint() == first
    path = folder / "train" / "chunk-0-0.bin"
    path.write_bytes(bytes(path.stat().st_size))
    assert ShardedFaces(folder, "train").fingerprint() != first
