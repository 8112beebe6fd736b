from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest

from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.registry import CELEBA, LFW_NET, WIDER_FACE, DataSet, find_set, open_faces
from datamodules.datasets.shards import ShardedFaces, write_shards
from datamodules.errors import DataError
from datamodules.samples import Domain


def test_the_published_layouts_are_recognised(sample_root: Path) -> None:
    assert isinstance(open_faces(sample_root / "celeba", "photo", "train"), CelebA)
    assert isinstance(open_faces(sample_root / "cartoonset10k", "cartoon", "train"), CartoonSet)


def test_a_folder_of_photos_is_recognised(sample_root: Path) -> None:
    assert isinstance(open_faces(sample_root / "celeba" / "img_align_celeba", "photo", "train"), AnnotatedFolder)


def test_shards_are_recognised(sample_root: Path, tmp_path: Path) -> None:
    write_shards({"val": CelebA(sample_root / "celeba", "val")}, tmp_path / "photos")
    write_shards({"val": CartoonSet(sample_root / "cartoonset10k", "val")}, tmp_path / "cartoons")
    assert isinstance(open_faces(tmp_path / "photos", "photo", "val"), ShardedFaces)
    assert isinstance(open_faces(tmp_path / "cartoons", "cartoon", "val"), ShardedFaces)


@pytest.mark.parametrize("missing", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_an_incomplete_celeba_is_not_taken_for_a_folder_of_photos(
    sample_root: Path, tmp_path: Path, missing: str
) -> None:
    shutil.copytree(sample_root / "celeba", tmp_path / "celeba")
    (tmp_path / "celeba" / missing).unlink()
    with pytest.raises(DataError, match=missing):
        open_faces(tmp_path / "celeba", "photo", "train")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    for domain in get_args(Domain):
        with pytest.raises(DataError, match="nowhere"):
            open_faces(tmp_path / "nowhere", domain, "train")


@pytest.mark.parametrize(
    ("text", "data_set"), [("celeba", CELEBA), ("wider", WIDER_FACE), ("wider_face", WIDER_FACE), ("lfw_net", LFW_NET)]
)
def test_a_set_goes_by_its_name_and_its_folder(text: str, data_set: DataSet) -> None:
    assert find_set(text) is data_set


def test_an_unknown_set_is_answered_with_the_list() -> None:
    with pytest.raises(
        DataError,
        match=r"'celebb'; did you mean celeba\?.*celeba, celebamaskhq, cartoonset10k, cartoonset100k, wider, lfwnet",
    ):
        find_set("celebb")
