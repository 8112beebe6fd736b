"""A run's loggers: always a CSV file; by default also Weights & Biases, without failing the run."""

from __future__ import annotations

import csv
import os
import re
from argparse import Namespace
from pathlib import Path
from typing import Any, Literal

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger, Logger, WandbLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.utilities import rank_zero_info, rank_zero_only, rank_zero_warn

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
    """``metrics.csv`` in ``folder``. A resumed run appends to its file, while Lightning's logger would delete it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(save_dir=folder, name="", version="", flush_logs_every_n_steps=50)

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:
        """The writer, created on first access."""
        if not isinstance(self._experiment, _AppendingWriter):
            self._experiment = _AppendingWriter(log_dir=self.log_dir)
        return self._experiment

    def log_hyperparams(self, params: dict[str, Any] | Namespace | None = None) -> None:
        """Do nothing, since hyper-parameters are in ``config.yaml``."""


class _AppendingWriter(ExperimentWriter):
    def _check_log_dir_exists(self) -> None:
        path = Path(self.metrics_file_path)
        if path.is_file():
            with path.open(newline="") as file:
                self.metrics_keys = next(csv.reader(file), [])


class ForgivingWandbLogger(WandbLogger):
    """W&B logger that continues offline if its server is unreachable, instead of ending the run."""

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The W&B run, started on first access."""
        if self._save_dir is not None:
            Path(self._save_dir).mkdir(parents=True, exist_ok=True)
        try:
            return super().experiment
        except Exception as error:  # logging errors must never end a training run
            if self._wandb_init["mode"] == "offline":
                raise
            rank_zero_warn(f"W&B cannot be reached, logging offline: {error}")
            self._wandb_init |= {"mode": "offline", "resume": None}
            return super().experiment


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
