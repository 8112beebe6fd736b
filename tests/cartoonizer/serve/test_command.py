from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from cartoonizer.serve.command import main


def test_a_server_that_is_open_to_others_needs_a_guard(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", "0.0.0.0", "--port", "0"]) == 2
    assert "set --token, or --behind-proxy" in capsys.readouterr().err


def test_a_model_that_cannot_be_used_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", str(tmp_path / "no.cartoon")]) == 2
    assert "no such model file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--port", "70000"], ["--megapixels", "0"], ["--waiting", "-1"]])
def test_numbers_have_bounds(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert f"{words[0]}: expected a number from" in capsys.readouterr().err


def test_without_starlette_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "starlette"]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("api", "server", "listening"):
        monkeypatch.delitem(sys.modules, f"cartoonizer.serve.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert main([]) == 2
    assert "starlette is not installed: pip install starlette uvicorn" in capsys.readouterr().err


def test_it_serves_as_a_process_without_the_rest_of_the_project(tmp_path: Path) -> None:
    """No other room is at hand, and nothing is written."""
    (tmp_path / "cartoonizer").symlink_to(Path("cartoonizer").resolve())
    words = [sys.executable, "-m", "cartoonizer.serve", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "CARTOONGAN_TOKEN": "secret", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = next(found[1] for line in process.stdout if (found := re.search(r"(http://\S+)/#secret", line)))
            with urlopen(f"{address}/health", timeout=30) as answer:
                assert answer.read() == b'{"status":"ok"}'
        finally:
            process.kill()
    assert [path.name for path in tmp_path.iterdir()] == ["cartoonizer"]
