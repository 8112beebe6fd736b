from __future__ import annotations

import sys
from pathlib import Path

import pytest

import apps
from apps.main import main


def test_help_lists_the_sub_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "sample-data" in shown
    assert "demo" in shown


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["sample-data"], "--out"),
        (["sample-data", "--out", "x", "--count", "3"], "--count"),
        (["sample-dota"], "sample-dota"),
        (["sample-data", "--oot", "x"], "--oot"),
    ],
)
def test_mistakes_are_explained(
    words: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert complaint in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split()[-1] == apps.__version__


def test_shells_get_completion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "--install-completion" in capsys.readouterr().out


def test_help_needs_no_torch() -> None:
    import subprocess

    code = "import sys, apps.main; apps.main.main(['--help']); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
