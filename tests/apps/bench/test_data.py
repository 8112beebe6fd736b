from __future__ import annotations

from pathlib import Path

import pytest

from apps.main import main


def test_the_bench_compares_with_the_plain_way(sample_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "data", "--root", str(sample_root), "--image-size", "32", "--count", "10", "--rounds", "1"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    for way in ("PIL + torchvision", "this project, cached", "decoding alone"):
        assert way in shown
