from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.registry import open_cartoons, open_photos
from datamodules.datasets.shards import ShardedFaces, write_shards
from datamodules.errors import DataError


def test_the_published_layouts_are_recognised(sample_root: Path) -> None:
    assert isinstance(open_photos(sample_root / "celeba", "train"), CelebA)
    assert isinstance(open_cartoons(sample_root / "cartoonset10k", "train"), CartoonSet)


def test_a_folder_of_photos_is_recognised(sample_root: Path) -> None:
    assert isinstance(open_photos(sample_root / "celeba" / "img_align_celeba", "train"), AnnotatedFolder)


def test_shards_are_recognised(sample_root: Path, tmp_path: Path) -> None:
    write_shards({"val": CelebA(sample_root / "celeba", "val")}, tmp_path / "photos")
    write_shards({"val": CartoonSet(sample_root / "cartoonset10k", "val")}, tmp_path / "cartoons")
    assert isinstance(open_photos(tmp_path / "photos", "val"), ShardedFaces)
    assert isinstance(open_cartoons(tmp_path / "cartoons", "val"), ShardedFaces)


@pytest.mark.parametrize("missing", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_an_incomplete_celeba_is_not_taken_for_a_folder_of_photos(
    sample_root: Path, tmp_path: Path, missing: str
) -> None:
    shutil.copytree(sample_root / "celeba", tmp_path / "celeba")
    (tmp_path / "celeba" / missing).unlink()
    with pytest.raises(DataError, match=missing):
        open_photos(tmp_path / "celeba", "train")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    for open_faces in (open_photos, open_cartoons):
        with pytest.raises(DataError, match="nowhere"):
            open_faces(tmp_path / "nowhere", "train")
