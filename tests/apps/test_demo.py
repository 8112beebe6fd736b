from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apps import demo
from apps.main import main
from datamodules.errors import DataError


def test_the_demo_trains_translates_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_SAMPLE_COUNT", 24)
    monkeypatch.setattr(demo, "_UNSEEN_COUNT", 10)
    small = ["--data.epoch_size=4", "--data.image_size=32", "--model.ngf=4", "--model.ndf=4"]
    small += ["--trainer.max_epochs=1", "--trainer.log_every_n_steps=1"]
    words = ["demo", "--out", str(tmp_path), *(f"--option={option}" for option in small)]
    assert main(words) == 0
    shown = capsys.readouterr().out
    home = tmp_path / "demo" / "demo"
    for path in (home / "images" / "unseen_faces.png", home / "checkpoints" / "last.ckpt", home / "metrics.csv"):
        assert str(path) in shown
        assert path.is_file()
    assert "cycle_photo" in shown
    assert len(list((home / "predictions").iterdir())) == 10

    checkpoint = home / "checkpoints" / "last.ckpt"
    trained = checkpoint.stat().st_mtime_ns
    assert main(words) == 0  # again: shown, not trained
    assert checkpoint.stat().st_mtime_ns == trained
    assert "cycle_photo" in capsys.readouterr().out


def test_a_demo_that_cannot_start_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_SAMPLE_COUNT", 24)
    monkeypatch.setattr(demo, "_UNSEEN_COUNT", 10)
    assert main(["demo", "--out", str(tmp_path), "--option=--model.ngff=3"]) == 2
    assert "model.ngff" in capsys.readouterr().err


def test_pairs_are_drawn_photo_over_cartoon(tmp_path: Path) -> None:
    for folder, colour in (("photos", (255, 0, 0)), ("cartoons", (0, 0, 255))):
        (tmp_path / folder).mkdir()
        for name in "abc":
            Image.new("RGB", (8, 8), colour).save(tmp_path / folder / f"{name}.png")
    demo.draw_pairs(tmp_path / "photos", tmp_path / "cartoons", tmp_path / "grid.png", columns=2)
    grid = np.asarray(Image.open(tmp_path / "grid.png"))
    centres = [[grid[6 + 10 * row, 6 + 10 * column].tolist() for column in range(2)] for row in range(4)]
    red, blue, white = [255, 0, 0], [0, 0, 255], [255, 255, 255]
    assert centres == [[red, red], [blue, blue], [red, white], [blue, white]]
    (tmp_path / "cartoons" / "c.png").unlink()
    with pytest.raises(DataError, match="2 images for the 3 photos"):
        demo.draw_pairs(tmp_path / "photos", tmp_path / "cartoons", tmp_path / "grid.png")


def test_the_last_values_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "metrics.csv"
    log.write_text("epoch,train/a,train/b,val/c\n0,1,2,\n0,3,,\n0,,,9\n")
    assert demo.last_values(log, "train/") == {"train/a": 3.0, "train/b": 2.0}
