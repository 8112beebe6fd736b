from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from datamodules.datasets.cache import CachedFaces, FramedFaces
from datamodules.datasets.cartoonset import CartoonSet
from datamodules.errors import DataError
from datamodules.transforms.framing import Framing


@pytest.fixture
def cartoons(sample_root: Path, tmp_path: Path) -> Path:
    """A copy of the sample cartoons that a test may change."""
    return Path(shutil.copytree(sample_root / "cartoonset10k", tmp_path / "cartoonset10k"))


def framed(cartoons: Path, side: int = 40) -> FramedFaces:
    return FramedFaces(CartoonSet(cartoons, "train"), Framing(side))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The indices that were really read, one by one."""
    reads: list[int] = []
    read = FramedFaces.__getitem__

    def counting(self: FramedFaces, index: int):  # type: ignore[no-untyped-def]
        reads.append(index)
        return read(self, index)

    monkeypatch.setattr(FramedFaces, "__getitem__", counting)
    return reads


def test_cached_faces_are_the_framed_ones(cartoons: Path, tmp_path: Path, decoded: list[int]) -> None:
    faces = framed(cartoons)
    cached = CachedFaces(faces, tmp_path / "cache", "set")
    assert len(cached) == len(faces)
    assert cached.names == faces.names
    decoded.clear()
    for index in range(len(cached)):
        np.testing.assert_array_equal(cached[index].image, framed(cartoons)[index].image)
        np.testing.assert_array_equal(cached[index].landmarks, framed(cartoons)[index].landmarks)
        assert cached[index].label == faces.labels[index]
    decoded.clear()
    again = CachedFaces(framed(cartoons), tmp_path / "cache", "set")
    assert again[0].image.flags.writeable
    assert decoded == []


@pytest.mark.parametrize("change", ["touched", "replaced", "added"])
def test_a_changed_source_rebuilds_the_cache(cartoons: Path, tmp_path: Path, decoded: list[int], change: str) -> None:
    CachedFaces(framed(cartoons), tmp_path / "cache", "set")
    first = cartoons / CartoonSet(cartoons, "train").names[0]
    if change == "touched":
        os.utime(first, (1, 1))
    elif change == "replaced":
        shutil.copy(cartoons / CartoonSet(cartoons, "train").names[1], first)
    else:
        name = next(name for name in map("cs1{}.png".format, range(10**6, 10**6 + 99)) if cache_split(name) == "train")
        shutil.copy(first, cartoons / name)
        shutil.copy(first.with_suffix(".csv"), (cartoons / name).with_suffix(".csv"))
    decoded.clear()
    cached = CachedFaces(framed(cartoons), tmp_path / "cache", "set")
    assert decoded
    np.testing.assert_array_equal(cached[0].image, framed(cartoons)[0].image)
    assert len(list((tmp_path / "cache").glob("set-*"))) == 1


def cache_split(name: str) -> str:
    from datamodules.datasets.splits import split_of

    return split_of(name)


def test_another_size_is_another_cache(cartoons: Path, tmp_path: Path) -> None:
    small = CachedFaces(framed(cartoons, 20), tmp_path / "cache", "set-20px")
    large = CachedFaces(framed(cartoons, 40), tmp_path / "cache", "set-40px")
    assert (small[0].image.shape[0], large[0].image.shape[0]) == (20, 40)
    assert len(list((tmp_path / "cache").glob("set-*"))) == 2


def test_a_stopped_build_leaves_nothing_to_be_taken_for_a_cache(
    cartoons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", stop)
    with pytest.raises(KeyboardInterrupt):
        CachedFaces(framed(cartoons), tmp_path / "cache", "set")
    monkeypatch.undo()
    assert not list((tmp_path / "cache").glob("set-*"))
    assert len(CachedFaces(framed(cartoons), tmp_path / "cache", "set")) > 0


def test_two_that_want_it_at_once_build_it_once(cartoons: Path, tmp_path: Path, decoded: list[int]) -> None:
    with ThreadPoolExecutor(4) as pool:
        caches = list(pool.map(lambda _: CachedFaces(framed(cartoons), tmp_path / "cache", "set"), range(4)))
    assert len({cached.fingerprint() for cached in caches}) == 1
    assert sorted(decoded.count(index) for index in set(decoded))[-1] <= 2  # the first is read once more, for its size


def test_a_bad_image_is_an_error_when_asked_for(cartoons: Path, tmp_path: Path) -> None:
    names = CartoonSet(cartoons, "train").names
    (cartoons / names[2]).write_bytes(b"not a picture")
    cached = CachedFaces(framed(cartoons), tmp_path / "cache", "set")
    with pytest.raises(DataError, match=names[2]):
        cached[2]
    assert cached[1].image.shape == (40, 40, 3)


def test_a_cache_that_does_not_fit_says_so_beforehand(
    cartoons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1))
    with pytest.raises(DataError, match=r"GB does not fit into .*cache"):
        CachedFaces(framed(cartoons), tmp_path / "cache", "set")
    assert not list((tmp_path / "cache").glob("set-*"))


def test_complaints_are_plain_json(cartoons: Path, tmp_path: Path) -> None:
    CachedFaces(framed(cartoons), tmp_path / "cache", "set")
    (path,) = (tmp_path / "cache").glob("set-*/complaints.json")
    assert json.loads(path.read_text()) == {}
