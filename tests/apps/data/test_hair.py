from __future__ import annotations

from pathlib import Path

import pytest

from apps.main import main
from datamodules.sampling.hair_index import HairIndex


def test_an_index_is_written_and_its_table_shown(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hair.json"
    assert main(["data", "hair", "--root", str(sample_root), "--per-class", "2", "--out", str(out)]) == 0
    index = HairIndex.load(out)
    assert index.split == "train"
    assert index.counts("photo") == index.counts("cartoon") == dict.fromkeys(["black", "brown", "blonde", "grey"], 2)
    shown = capsys.readouterr().out
    assert "blonde" in shown
    assert str(out) in shown.replace("\n", "")


def test_too_few_are_an_error_unless_allowed(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["data", "hair", "--root", str(sample_root), "--per-class", "5000", "--out", str(tmp_path / "hair.json")]
    assert main(words) == 2
    complaint = capsys.readouterr().err
    assert "photos: black" in complaint
    assert "cartoons: black" in complaint
    assert not (tmp_path / "hair.json").exists()
    assert main([*words, "--allow-fewer"]) == 0


def test_an_unknown_split_is_an_error(sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data", "hair", "--root", str(sample_root), "--out", str(tmp_path / "x"), "--split", "dev"]
    assert main(words) == 2
    assert "unknown split 'dev'" in capsys.readouterr().err
