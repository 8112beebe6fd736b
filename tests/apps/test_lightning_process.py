from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import typer

from apps.lightning_process import lightning_or_exit, run_lightning


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for the interpreter; write a shell script to it."""
    path = tmp_path / "python"
    path.touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    return path


def test_a_signal_becomes_a_negative_exit_code(python: Path) -> None:
    python.write_text('#!/bin/sh\necho "$@" > $0.words\nkill -9 $$\n')
    assert run_lightning(["fit", "--name", "x"]) == -9
    assert python.with_name("python.words").read_text() == "-m lightning_modules fit --name x\n"
    with pytest.raises(typer.Exit) as ended:
        lightning_or_exit(["fit"])
    assert ended.value.exit_code == 137


def test_a_failure_ends_the_command_with_its_code(python: Path) -> None:
    python.write_text("#!/bin/sh\nexit $3\n")
    lightning_or_exit(["0"])
    with pytest.raises(typer.Exit) as ended:
        lightning_or_exit(["2"])
    assert ended.value.exit_code == 2


def test_sigterm_is_passed_on(python: Path) -> None:
    python.write_text('#!/bin/sh\ntrap "exit 143" TERM\ntouch $0.started\nwhile :; do sleep 0.05; done\n')
    before = signal.getsignal(signal.SIGTERM)

    def stop() -> None:
        while not python.with_name("python.started").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop).start()
    assert run_lightning(["fit"]) == 143
    assert signal.getsignal(signal.SIGTERM) is before
