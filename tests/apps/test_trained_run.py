from __future__ import annotations

from pathlib import Path

import pytest
import torch

from apps.trained_run import TrainedRun, common_photos, evenly
from datamodules.datasets.celeba import CelebA
from datamodules.errors import DataError


def test_a_run_translates_its_test_photos(trained_runs: Path, sample_root: Path) -> None:
    run = TrainedRun.open(trained_runs / "cyclegan_cond" / "a")
    assert (run.title, run.variant, run.image_size) == ("cyclegan_cond/a", "CycleGANCond", 32)
    assert run.checkpoint.name == "last.ckpt"  # no validation, so there is no best one
    expected = CelebA(sample_root / "celeba", "test")
    assert run.photo_names == expected.names
    photos = run.photos(run.photo_names[:2])
    assert photos.label.tolist() == expected.labels[:2].tolist()
    cartoons = run.cartoons(photos)
    assert cartoons.shape == (2, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(cartoons, run.model.translate_photos(photos), rtol=1e-4, atol=1e-5)
    coloured = run.coloured(photos)
    assert len(coloured) == 4
    own = torch.stack([coloured[label][index] for index, label in enumerate(photos.label.tolist()) if label >= 0])
    torch.testing.assert_close(own, cartoons[photos.label >= 0], rtol=1e-4, atol=1e-5)


def test_a_variant_without_labels_has_no_colours(trained_runs: Path) -> None:
    run = TrainedRun.open(trained_runs / "cyclegan_baseline" / "a", "last")
    assert run.coloured(run.photos(run.photo_names[:1])) == []


def test_photos_are_compared_by_name(trained_runs: Path) -> None:
    first, second = (TrainedRun.open(trained_runs / f"cyclegan_{name}" / "a") for name in ("baseline", "cond"))
    assert common_photos([first, second]) == first.photo_names
    with pytest.raises(DataError, match=r"has no photo"):
        first.photos(["999999.jpg"])


def test_exactly_the_file_that_is_named_is_opened(trained_runs: Path, tmp_path: Path) -> None:
    home = trained_runs / "cyclegan_cond" / "a"
    last = home / "checkpoints" / "last.ckpt"
    assert TrainedRun.open(home, last).checkpoint == last
    with pytest.raises(DataError, match=r"there is no .*gone\.ckpt"):
        TrainedRun.open(home, tmp_path / "gone.ckpt")


def test_data_that_moved_are_found_elsewhere(trained_runs: Path, sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").symlink_to(sample_root)
    run = TrainedRun.open(trained_runs / "cyclegan_cond" / "a", "last", tmp_path / "moved")
    assert run.data.hparams["root"] == str(tmp_path / "moved")
    assert run.photo_names


@pytest.mark.parametrize(("count", "expected"), [(1, ["a"]), (2, ["a", "c"]), (4, list("abcd")), (6, list("abcd"))])
def test_names_are_spread_evenly_and_none_comes_twice(count: int, expected: list[str]) -> None:
    assert evenly("abcd", count) == expected


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not a run with a checkpoint: there is no .*best\.ckpt"):
        TrainedRun.open(tmp_path)
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    (checkpoints / "last.ckpt").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"last\.ckpt is truncated"):
        TrainedRun.open(tmp_path)
