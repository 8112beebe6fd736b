"""A run's loggers: always a CSV file; by default also Weights & Biases, without failing the run."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger, Logger, WandbLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.utilities import rank_zero_info, rank_zero_only, rank_zero_warn

from datamodules.atomic import write_whole
from datamodules.errors import DataError
from lightning_modules.errors import UsageError

WandbMode = Literal["online", "offline", "disabled"]
PROJECT = "landmark-cartoongan"


def make_loggers(home: Path, folder: Path) -> list[Logger]:
    """The loggers of a run; its W&B ID is made from experiment and run name, or is ``WANDB_RUN_ID`` in a sweep.

    Args:
        home: The run's home; W&B keeps its files there.
        folder: Where ``metrics.csv`` goes: the home, or a folder in it.
    """
    loggers: list[Logger] = [AppendingCSVLogger(folder)]
    mode = wandb_mode()
    if mode != "disabled":
        loggers.append(_wandb_logger(home, mode))
    return loggers


class AppendingCSVLogger(CSVLogger):
    """``metrics.csv`` in ``folder``. A resumed run appends to its file, while Lightning's logger would delete it.

    If the file can no longer be written during a run, the run goes on with a warning, and the values are kept and
    written as soon as this is possible again.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(save_dir=folder, name="", version="", flush_logs_every_n_steps=50)

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:
        """The writer, created on first access, at the start of a run.

        Raises:
            UsageError: The file exists and cannot be read or written.
        """
        if not isinstance(self._experiment, _AppendingWriter):
            try:
                self._experiment = _AppendingWriter(log_dir=self.log_dir)
            except OSError as error:
                raise UsageError(f"cannot write the log {error.filename or self.log_dir}: {error.strerror}") from error
        return self._experiment

    def log_hyperparams(self, params: dict[str, Any] | Namespace | None = None) -> None:
        """Do nothing, since hyper-parameters are in ``config.yaml``."""


class _AppendingWriter(ExperimentWriter):
    def __init__(self, log_dir: str) -> None:
        self._is_warned = False
        super().__init__(log_dir)

    def save(self) -> None:
        """Append the recorded metrics to the file; keep them if that fails, with a warning."""
        path = Path(self.metrics_file_path)
        keys = list(self.metrics_keys)
        self._size = path.stat().st_size if path.is_file() else None
        try:
            super().save()
        except (OSError, DataError) as error:
            self.metrics_keys = self._keys_of(path) if path.is_file() and self._size else keys
            with suppress(OSError):
                self._remove_partial_row(path)
            if not self._is_warned:
                self._is_warned = True
                reason = error.strerror if isinstance(error, OSError) else error
                rank_zero_warn(f"the log {path} cannot be written, training goes on: {reason}")
        else:
            self._is_warned = False

    def _remove_partial_row(self, path: Path) -> None:
        if self._size is None:
            path.unlink(missing_ok=True)
        else:
            os.truncate(path, self._size)

    def _rewrite_with_new_header(self, fieldnames: list[str]) -> None:
        """Replace the file atomically, since Lightning's way loses it on a full disk."""
        path = Path(self.metrics_file_path)
        text = io.StringIO(newline="")
        with path.open(newline="") as file:
            writer = csv.DictWriter(text, fieldnames)
            writer.writeheader()
            writer.writerows(csv.DictReader(file))
        write_whole(path, text.getvalue().encode())
        self._size = path.stat().st_size

    def _check_log_dir_exists(self) -> None:
        path = Path(self.metrics_file_path)
        if path.exists():
            with path.open("r+b"):  # can it be written?
                self.metrics_keys = self._keys_of(path)

    @staticmethod
    def _keys_of(path: Path) -> list[str]:
        with path.open(newline="") as file:
            return next(csv.reader(file), [])


class ForgivingWandbLogger(WandbLogger):
    """W&B logger that never ends a run that has started.

    If W&B's server is unreachable, it logs offline. If logging fails during a run, the run goes on with a warning, and
    without this logger.
    """

    _is_lost = False

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The W&B run, started on first access, at the start of a run.

        Raises:
            UsageError: W&B's folder cannot be written, or W&B cannot start, not even offline.
        """
        if self._experiment is None and self._save_dir is not None:
            _check_writable(Path(self._save_dir) / "wandb")
        try:
            return super().experiment
        except Exception as error:  # logging errors must never end a training run
            if self._wandb_init["mode"] == "offline":
                raise UsageError(f"W&B cannot start: {error}\n{_WITHOUT_WANDB}") from error
            rank_zero_warn(f"W&B cannot be reached, logging offline: {error}")
            self._wandb_init |= {"mode": "offline", "resume": None}
        return self.experiment

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log values."""
        self._attempt(super().log_metrics, metrics, step)

    def log_image(self, key: str, images: list[Any], step: int | None = None, **kwargs: Any) -> None:
        """Log images."""
        self._attempt(super().log_image, key, images, step, **kwargs)

    def finalize(self, status: str) -> None:
        """Finish logging."""
        self._attempt(super().finalize, status)

    def _attempt(self, log: Callable[..., None], *arguments: Any, **options: Any) -> None:
        """Log, or warn once and no longer log."""
        if self._is_lost:
            return
        try:
            log(*arguments, **options)
        except UsageError:
            raise  # at the start of a run
        except Exception as error:  # W&B raises many kinds of errors
            self._is_lost = True
            rank_zero_warn(f"W&B has failed, training goes on without it; metrics.csv has all values: {error}")


_WITHOUT_WANDB = "WANDB_MODE=disabled does without it; metrics.csv has all values, too"


def _check_writable(folder: Path) -> None:
    """Reject a folder of W&B that cannot be written; W&B would silently use another one.

    Raises:
        UsageError: The folder cannot be created, or nothing can be written to it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        raise UsageError(f"cannot write {folder}, the folder of W&B: {error.strerror}\n{_WITHOUT_WANDB}") from error


def wandb_mode() -> WandbMode:
    """``WANDB_MODE`` if set; otherwise online when logged in and offline when not, without ever asking."""
    mode = os.environ.get("WANDB_MODE")
    if mode in {"online", "offline", "disabled"}:
        return mode  # type: ignore[return-value]  # mypy does not narrow by a set of literals
    import wandb  # slow import, skipped if disabled

    try:
        return "online" if wandb.login(prompt=False) else "offline"
    except Exception:
        return "offline"


@rank_zero_only
def _print_sync_hint(home: Path) -> None:
    rank_zero_info(
        f"W&B: not logged in, so this run is logged offline; upload it with: wandb sync {home / 'wandb'}/offline-run-*"
    )


def _wandb_logger(home: Path, mode: WandbMode) -> ForgivingWandbLogger:
    # W&B would otherwise keep artefacts and caches in the user's home folder.
    for variable in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_ARTIFACT_DIR"):
        os.environ.setdefault(variable, str(home / "wandb"))
    import wandb

    if mode == "offline":
        _print_sync_hint(home)
    options: dict[str, Any] = {"resume": "allow"} if mode == "online" else {"resume": None}
    logger = ForgivingWandbLogger(
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        name=f"{home.parent.name}/{home.name}",
        id=os.environ.get("WANDB_RUN_ID") or re.sub(r"[^\w.-]", "-", f"{home.parent.name}-{home.name}"),
        save_dir=home,
        mode=mode,
        settings=wandb.Settings(silent=mode == "offline", init_timeout=20),
        **options,
    )
    # Remove the options that Lightning sets and W&B warns about; in a sweep, W&B gets the run from its agent.
    unwanted = ("anonymous", "project", "id") if os.environ.get("WANDB_SWEEP_ID") else ("anonymous",)
    for option in unwanted:
        logger._wandb_init.pop(option, None)
    return logger
