from __future__ import annotations

from pathlib import Path

import pytest

from apps.main import main
from apps.page import runtime


def test_a_page_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(runtime, "runtime_files", lambda package: {"ort.js": b"", "ort.wasm": b""})
    assert main(["page", "--out", str(tmp_path / "site")]) == 0
    assert "python3 -m http.server" in capsys.readouterr().out
    assert (tmp_path / "site" / "model" / "pnet.onnx").is_file()


def test_a_model_that_cannot_be_used_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "--out", str(tmp_path), "--model", str(tmp_path / "no.cartoon")]) == 2
    assert "no such model file" in capsys.readouterr().err
