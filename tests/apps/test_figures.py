from __future__ import annotations

from pathlib import Path

import pytest
import torch

from apps.figures import _coloured, _located
from apps.main import main
from apps.trained_run import TrainedRun
from datamodules.images import read_rgb
from lightning_modules.landmark_detector import LandmarkDetector


def test_every_figure_that_the_runs_allow_is_drawn(trained_runs: Path, detector_weights: Path, tmp_path: Path) -> None:
    homes = [trained_runs / f"cyclegan_{name}" / "a" for name in ("baseline", "cond")]
    words = [word for home in homes for word in ("--run", str(home))]
    assert main(["figures", *words, "--out", str(tmp_path), "--faces", "2", "--weights", str(detector_weights)]) == 0
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == [
        "figure_08_generators.png",
        "figure_09_detected_cyclegan_baseline_a.png",
        "figure_09_detected_cyclegan_cond_a.png",
        "figure_10_hair_cyclegan_cond_a.png",
        "figure_11_landmarks_cyclegan_baseline_a.png",
        "figure_11_landmarks_cyclegan_cond_a.png",
        "figure_12_alignment_cyclegan_baseline_a.png",
        "figure_12_alignment_cyclegan_cond_a.png",
    ]
    widths = {name: read_rgb(tmp_path / name).shape[1] // 192 for name in drawn}
    assert widths["figure_08_generators.png"] == 3  # the photo and two runs
    assert widths["figure_10_hair_cyclegan_cond_a.png"] == 5


def test_a_folder_of_runs_stands_for_all_in_it(trained_runs: Path, detector_weights: Path, tmp_path: Path) -> None:
    words = ["--run", str(trained_runs), "--out", str(tmp_path), "--faces", "1", "--weights", str(detector_weights)]
    assert main(["figures", *words]) == 0
    assert read_rgb(tmp_path / "figure_08_generators.png").shape[1] // 192 == 3  # the photo and both runs


def test_hair_is_that_of_the_labels(trained_runs: Path, detector_weights: Path) -> None:
    run = TrainedRun.open(trained_runs / "cyclegan_cond" / "a")
    tiles, titles = _coloured(run, run.photo_names[:2], LandmarkDetector.of_file(detector_weights))
    assert titles == ["photo", "black", "brown", "blonde", "grey"]
    assert len(tiles) == 10
    photo = run.photos(run.photo_names[1:2])
    small = torch.from_numpy(tiles[5 + 3].image).permute(2, 0, 1)[None].float() / 127.5 - 1
    small = torch.nn.functional.interpolate(small, (32, 32), mode="bilinear", antialias=True)
    assert (small - run.coloured(photo)[2]).abs().mean() < 0.1  # but for enlarging and reducing


def test_landmarks_are_looked_for_in_the_same_place(trained_runs: Path, detector_weights: Path) -> None:
    run = TrainedRun.open(trained_runs / "cyclegan_baseline" / "a")
    photo, cartoon, wanted, found = _located(run, run.photo_names[:2], LandmarkDetector.of_file(detector_weights))
    assert photo.shape == cartoon.shape == (2, 3, 192, 192)
    assert wanted.shape == found.shape == (2, 5, 2)
    assert wanted.isfinite().all()
    assert (wanted - found).abs().max() < 192


def test_mistakes_are_explained(trained_runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(trained_runs / "cyclegan_cond" / "a")
    assert main(["figures", "--run", home, "--out", str(tmp_path), "--checkpoint", "newest"]) == 2
    assert "newest" in capsys.readouterr().err
    assert main(["figures", "--run", home, "--out", str(tmp_path), "--photo", "none.jpg"]) == 2
    assert "none.jpg" in capsys.readouterr().err
    assert main(["figures", "--run", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "no run with a CycleGAN checkpoint" in capsys.readouterr().err
