from __future__ import annotations

from pathlib import Path

import pytest

from apps.main import main


def test_sample_data_are_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sample-data", "--out", str(tmp_path / "s"), "--count", "10", "--seed", "3"]
    assert main(words) == 0
    assert "10 photos and 10 cartoons" in capsys.readouterr().out
    photo = tmp_path / "s" / "celeba" / "img_align_celeba" / "000001.jpg"
    made = photo.stat().st_mtime_ns
    assert main(words) == 0
    assert photo.stat().st_mtime_ns == made


def test_other_data_in_the_way_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "celeba" / "mine.txt"
    own.parent.mkdir()
    own.write_text("precious")
    assert main(["sample-data", "--out", str(tmp_path), "--count", "10"]) == 2
    assert str(own.parent) in capsys.readouterr().err
    assert own.read_text() == "precious"


def test_cartoons_of_another_family_are_drawn_beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sample-data", "--out", str(tmp_path), "--count", "10", "--cartoons", "big-ears"]
    assert main(words) == 0
    assert "big_ears: 10 cartoons" in capsys.readouterr().out
    assert len(list((tmp_path / "big_ears").glob("cs*.png"))) == 10
    assert main([*words[:4], "11", *words[5:]]) == 2
    assert "big_ears already exists" in capsys.readouterr().err
