"""Opening the faces of a domain, whatever their folder holds."""

from __future__ import annotations

from pathlib import Path

from datamodules.datasets.annotated_folder import AnnotatedFolder
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.shards import ShardedFaces, is_sharded
from datamodules.samples import Split
from datamodules.source import FaceSource

_OF_CELEBA = ("img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt")


def open_photos(folder: Path, split: Split) -> FaceSource:
    """The photos in a folder: shards, CelebA in its published layout, or any folder of photos.

    What has anything of CelebA's layout is read as CelebA, so that an incomplete copy is noticed.

    Raises:
        DataError: The folder is missing, or what it holds is incomplete or malformed.
    """
    if is_sharded(folder):
        return ShardedFaces(folder, split)
    if any((folder / name).exists() for name in _OF_CELEBA):
        return CelebA(folder, split)
    return AnnotatedFolder(folder, split)


def open_cartoons(folder: Path, split: Split) -> FaceSource:
    """The cartoons in a folder: shards, or CartoonSet in its published layout.

    Raises:
        DataError: The folder is missing, or what it holds is incomplete or malformed.
    """
    return ShardedFaces(folder, split) if is_sharded(folder) else CartoonSet(folder, split)
