from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lightning_modules.cli import main
from lightning_modules.cli.completion import completion_script
from lightning_modules.errors import UsageError


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_options(tmp_path: Path) -> None:
    script = tmp_path / "lightning"
    script.write_text(completion_script("bash"))
    assert script.stat().st_size < 1_000_000
    ask = 'source "$1"; COMP_WORDS=(lightning fit --data.batch); COMP_CWORD=2; _shtab_lightning; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask, "bash", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["--data.batch_size"]


def test_a_shell_without_completion_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print_completion", "cmd"]) == 2
    assert "--print_completion cmd: choose one of bash" in capsys.readouterr().err
    with pytest.raises(UsageError):
        completion_script("")
