"""The commands that reproduce a run and its metrics."""

from __future__ import annotations

import shlex
from pathlib import Path

from apps.report.runs import MeasuredRun

_CHECKPOINT = "--ckpt_path"


def training_commands(run: MeasuredRun) -> list[str]:
    """The training commands of a run, in order."""
    return [_in_folder(session.command, session.folder) for session in run.sessions]


def command_of_test(run: MeasuredRun) -> str:
    """The test command with the path of the tested file, since "last" and "best" may refer to another one later."""
    return _in_folder(_of_checkpoint(run.test_command, run.checkpoint), run.test_folder)


def _of_checkpoint(command: str, checkpoint: Path) -> str:
    try:
        waiting = shlex.split(command)
    except ValueError:
        return command
    words = []
    while waiting:
        word = waiting.pop(0)
        if word == _CHECKPOINT:
            del waiting[:1]
        elif not word.startswith(f"{_CHECKPOINT}="):
            words.append(word)
    return shlex.join([*words, _CHECKPOINT, str(checkpoint)])


def _in_folder(command: str, folder: str | None) -> str:
    return f"cd {shlex.quote(folder)} && {command}" if folder else command
