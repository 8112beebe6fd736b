"""Records the configuration and code version of a run."""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout
from lightning import Callback, LightningModule, Trainer

from datamodules.atomic import write_whole
from lightning_modules.errors import UsageError
from lightning_modules.runs import CONFIG_FILE, LOCK_FILE, is_dry_run, project_root

_RECORDED_PACKAGES = ("torch", "torchvision", "lightning", "albumentations", "opencv-python-headless", "numpy")


class RunRecord(Callback):
    """Writes ``config.yaml`` and ``run.json`` to the run folder when a fit starts.

    If a resumed run has a different configuration, the earlier one is kept as ``config.1.yaml`` and so on.

    Args:
        config: The requested configuration as YAML.
        seed: The run's seed.
        command: The command line, as a list of words.
        resumed_from: Checkpoint that the run resumes from.
    """

    def __init__(self, config: str, seed: int, command: list[str], resumed_from: Path | None = None) -> None:
        self._config = config
        self._seed = seed
        self._command = command
        self._resumed_from = resumed_from
        self._lock: BaseFileLock | None = None

    def lock(self, trainer: Trainer) -> None:
        """Lock the run folder, in the first process. Of a resumed run, the command does so before the loggers start.

        Raises:
            UsageError: Another process is training in this run, or its folder is not writable.
        """
        if self._lock is not None or not trainer.is_global_zero or is_dry_run(trainer):
            return
        home = Path(trainer.default_root_dir)
        lock = FileLock(home / LOCK_FILE)
        try:
            home.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(f"another process is training in {home}; wait for it, or choose another --run") from error
        except OSError as error:
            raise UsageError(f"cannot write the run {home}: {error.strerror}") from error
        self._lock = lock

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Record the configuration of a new run, in the first process.

        Raises:
            UsageError: The folder cannot be locked, see ``lock``.
        """
        if stage != "fit" or not trainer.is_global_zero or is_dry_run(trainer):
            return
        self.lock(trainer)
        home = Path(trainer.default_root_dir)
        if not (home / CONFIG_FILE).is_file():
            write_whole(home / CONFIG_FILE, self._config)
        self._add_session(home / "run.json", trainer)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the configuration of a resumed run, once training really starts."""
        if trainer.is_global_zero and not is_dry_run(trainer):
            self._write_config(Path(trainer.default_root_dir) / CONFIG_FILE)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Unlock the run."""
        self._unlock()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Unlock the run; Lightning does not call ``teardown`` after an error."""
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _write_config(self, path: Path) -> None:
        before = path.read_text(encoding="utf-8")
        if before != self._config:
            number = len(list(path.parent.glob("config.*.yaml"))) + 1
            write_whole(path.with_name(f"config.{number}.yaml"), before)
            write_whole(path, self._config)

    def _add_session(self, path: Path, trainer: Trainer) -> None:
        sessions: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        sessions.append(
            {
                "started": datetime.now().astimezone().isoformat(timespec="seconds"),
                "command": shlex.join(self._command),
                "folder": str(Path.cwd()),
                "resumed_from": str(self._resumed_from) if self._resumed_from else None,
                "seed": self._seed,
                "processes": trainer.world_size,
                "precision": trainer.precision,
                "git_revision": git_revision(),
                "python": platform.python_version(),
                "versions": {package: version(package) for package in _RECORDED_PACKAGES},
            }
        )
        write_whole(path, json.dumps(sessions, indent=2) + "\n")


def git_revision() -> str | None:
    """The checkout's commit, with "+changes" if it has uncommitted changes; None outside a checkout."""
    command = [
        "git",
        "-C",
        str(project_root()),
        "describe",
        "--always",
        "--abbrev=40",
        "--exclude=*",
        "--dirty=+changes",
    ]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
