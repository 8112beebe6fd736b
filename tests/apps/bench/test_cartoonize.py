from __future__ import annotations

import pytest

from apps.main import main


def test_the_runtime_is_timed_beside_pytorch(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "cartoonize", "--rounds", "1", "--side", "512"]) == 0
    shown = capsys.readouterr().out
    for word in ("process to PNG", "PyTorch", "cartoonizer", "detection"):
        assert word in shown
