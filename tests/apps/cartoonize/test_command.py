from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from apps.main import main
from cartoonizer.command import main as cartoonize


def test_it_is_the_runtime_s_command(sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = str(sample_root / "celeba" / "img_align_celeba" / "000001.jpg")
    words = [photo, "--hair", "grey", "--size", "64"]
    assert main(["cartoonize", *words, "--out", str(tmp_path / "a")]) == 0
    assert cartoonize([*words, "--out", str(tmp_path / "b")]) == 0
    assert (tmp_path / "a" / "000001.png").read_bytes() == (tmp_path / "b" / "000001.png").read_bytes()
    capsys.readouterr()
    assert main(["cartoonize", "--help"]) == 0
    assert "--side-by-side" in capsys.readouterr().out


def test_its_exit_codes_are_handed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (90, 120)).save(tmp_path / "empty.png")
    assert main(["cartoonize", str(tmp_path / "empty.png"), "--out", str(tmp_path / "out")]) == 1
    assert main(["cartoonize", str(tmp_path / "empty.png"), "--model", str(tmp_path / "no.cartoon")]) == 2
    assert "no such model file" in capsys.readouterr().err
