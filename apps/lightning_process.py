"""Runs the ``lightning`` command in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence

import typer


def run_lightning(words: Sequence[str]) -> int:
    """Run the ``lightning`` command in its own process, so that it can launch others for further devices.

    Ctrl-C waits until it has saved its checkpoint; SIGTERM is passed on to it. Call it from the main thread.

    Args:
        words: Arguments of the command.

    Returns:
        Its exit code, or a negative signal number.
    """
    process = subprocess.Popen([sys.executable, "-m", "lightning_modules", *words])
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def lightning_or_exit(words: Sequence[str]) -> None:
    """The same, but a failure ends the command with the same exit code.

    Raises:
        typer.Exit: It failed; its own message is on standard error.
    """
    code = run_lightning(words)
    if code:
        raise typer.Exit(code if code > 0 else 128 - code)
