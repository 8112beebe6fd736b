from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from apps.main import main
from datamodules.datasets.celeba import CelebA
from datamodules.datasets.registry import open_faces
from datamodules.datasets.shards import ShardedFaces, ShardIndex


def shard(root: Path, out: Path, *words: str) -> int:
    return main(["data", "shard", "--root", str(root), "--out", str(out), *words])


def test_a_root_of_shards_holds_what_the_root_held(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shard(sample_root, tmp_path, "--set", "celeba") == 0
    assert shard(sample_root, tmp_path, "--set", "cartoonset10k") == 0
    said = capsys.readouterr().out
    assert "24 faces in shards of" in said
    assert f"{tmp_path / 'cartoonset10k'} is complete" in said
    for split in ("train", "val", "test"):
        assert open_faces(tmp_path / "celeba", "photo", split).names == CelebA(sample_root / "celeba", split).names
        assert isinstance(open_faces(tmp_path / "cartoonset10k", "cartoon", split), ShardedFaces)
    face, file = open_faces(tmp_path / "celeba", "photo", "val")[0], CelebA(sample_root / "celeba", "val")[0]
    np.testing.assert_array_equal(face.image, file.image)


def test_splits_and_address_are_taken(sample_root: Path, tmp_path: Path) -> None:
    words = ("--set", "celeba", "--split", "val", "--split", "test", "--address", "s3://bucket/faces/")
    assert shard(sample_root, tmp_path, *words, "--shard-mb", "1") == 0
    index = ShardIndex.load(tmp_path / "celeba")
    assert list(index.splits) == ["val", "test"]
    assert index.address == "s3://bucket/faces/celeba"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--set", "wider"), "wider is not a set of faces to translate"),
        (("--set", "celebb"), "there is no data set 'celebb'"),
        (("--set", "celeba", "--split", "dev"), "unknown split 'dev'"),
        (("--set", "cartoonset100k"), "no such folder"),
    ],
)
def test_a_wrong_word_is_explained(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str
) -> None:
    assert shard(sample_root, tmp_path, *words) == 2
    assert complaint in capsys.readouterr().err


def test_the_root_itself_is_not_overwritten(sample_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shard(sample_root, sample_root, "--set", "celeba") == 2
    assert "already exists" in capsys.readouterr().err
    assert len(CelebA(sample_root / "celeba", "train"))
