from __future__ import annotations

from pathlib import Path

import pytest

from apps.main import main


def test_a_server_that_is_open_to_others_needs_a_guard(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert "give a --token, or say --behind-proxy" in capsys.readouterr().err


def test_a_model_that_cannot_be_used_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--model", str(tmp_path / "no.cartoon")]) == 2
    assert "no such model file" in capsys.readouterr().err
