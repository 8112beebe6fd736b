"""Run folders: everything a run writes goes to ``<default_root_dir>/<experiment>/<run>/``.

=====================  ================================================================
``config.yaml``        the requested configuration
``run.json``           each session's command, seed, versions and git revision
``metrics.csv``        logged values
``images/``            grids of each validation
``checkpoints/``       ``best.ckpt`` and ``last.ckpt``
``test/``              logs of ``lightning test`` and ``validate``; for a test, ``metrics.json`` and ``faces.csv``
``predictions/``       cartoons of ``lightning predict``, unless ``--out`` is given
=====================  ================================================================
"""

from __future__ import annotations

import os
import secrets
import warnings
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_modules.errors import UsageError

if TYPE_CHECKING:
    from lightning import Trainer

CONFIG_FILE = "config.yaml"
LOCK_FILE = ".lock"
METRICS_FILE = "metrics.json"
METRICS_FORMAT = 1
FACES_FILE = "faces.csv"
TEST_FOLDER = "test"
CHECKPOINT_FOLDER = "checkpoints"
NEWEST = ("last", "best")
"""Values of ``--ckpt_path`` that select the newest checkpoint of that name."""

_HOME_VARIABLE = "LANDMARK_CARTOONGAN_RUN"


def project_root() -> Path:
    """The folder that contains this project's packages and ``configs/``."""
    return Path(__file__).resolve().parent.parent


def find_in_project(path: Path) -> Path | None:
    """Look up a file in the current folder, then in the project; None if it is in neither."""
    places = (path.expanduser(), project_root() / path)
    return next((place for place in places if place.is_file()), None)


def known_configs(folder: str = "configs") -> str:
    """The project's configs in a folder, comma-separated; not ``base.yaml``, which names no model."""
    names = sorted(path.name for path in (project_root() / folder).glob("*.yaml") if path.name != "base.yaml")
    return ", ".join(f"{folder}/{name}" for name in names)


def default_runs_folder() -> Path:
    """``runs/`` in the project's checkout, or in the current folder if installed without a checkout."""
    root = project_root()
    return (root if (root / "pyproject.toml").is_file() else Path.cwd()) / "runs"


def find_checkpoint(name: str, experiment_folder: Path, run: str | None = None) -> Path:
    """Resolve ``--ckpt_path`` to a checkpoint file.

    Args:
        name: A path, or "last" or "best" for the newest undamaged one of that name. Damaged ones are skipped with a
            warning.
        experiment_folder: Folder of this experiment's runs.
        run: Search this run only.

    Raises:
        UsageError: There is no such file, all are damaged, or it is a URL: a downloaded checkpoint could execute code.
    """
    if name in NEWEST:
        found = list(experiment_folder.glob(f"{run or '*'}/{CHECKPOINT_FOLDER}/{name}.ckpt"))
        if not found:
            hint = "; a run that ended before its first validation has only `last`" if name == "best" else ""
            raise UsageError(f"--ckpt_path {name}: no {name}.ckpt in any run of {experiment_folder}{hint}")
        return _newest_undamaged(found)
    path = Path(name).expanduser()
    if not path.is_file():
        hint = "; download it first, and only from a trusted source" if "://" in name else ""
        raise UsageError(f"--ckpt_path {name}: no such file{hint}")
    return path.resolve()


def _newest_undamaged(checkpoints: list[Path]) -> Path:
    from lightning_modules.checkpoint_io import find_damage  # slow import (Lightning)

    faults: list[str] = []
    for path in sorted(checkpoints, key=lambda path: path.stat().st_mtime, reverse=True):
        fault = find_damage(path)
        if fault is None:
            for line in faults:
                warnings.warn(f"skipped: {line}", stacklevel=3)
            return path
        faults.append(f"{path} {fault}")
    raise UsageError("--ckpt_path: there is no undamaged checkpoint\n" + "\n".join(faults))


def home_of(checkpoint: Path) -> Path | None:
    """The run folder that a checkpoint belongs to, or None if it is not in one."""
    home = checkpoint.parent.parent
    return home if checkpoint.parent.name == CHECKPOINT_FOLDER and (home / CONFIG_FILE).is_file() else None


def new_home(experiment_folder: Path, run: str | None) -> Path:
    """The folder of a new run, named ``run`` or by timestamp; the same in all processes of a launch.

    Raises:
        UsageError: ``run`` already exists, or an external launcher gives the processes no common name.
    """
    if inherited := _inherited_home():
        return inherited
    for option, name in (("--name", experiment_folder.name), ("--run", run)):
        if name is not None and (Path(name).name != name or name in {"", ".", ".."}):
            raise UsageError(f"{option} {name}: give the name of a folder, not a path")
    if run is None and _launched_processes() > 1:
        run = os.environ.get("SLURM_JOB_ID") or os.environ.get("TORCHELASTIC_RUN_ID")
        if run in {None, "none"}:
            raise UsageError("processes started by an external launcher need a common run name: --run NAME")
    elif run is not None and (experiment_folder / run / CONFIG_FILE).exists():
        raise UsageError(
            f"--run {run}: {experiment_folder / run} exists; resume it with --ckpt_path last, or choose another name"
        )
    home = experiment_folder / (run or f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{secrets.token_hex(2)}")
    os.environ[_HOME_VARIABLE] = str(home)
    return home


def is_dry_run(trainer: Trainer) -> bool:
    """Whether this is a ``--trainer.fast_dev_run``, which writes nothing to disk."""
    return bool(trainer.fast_dev_run)  # type: ignore[attr-defined]  # Lightning sets it from a connector


def _launched_processes() -> int:
    """The number of processes that torchrun or ``srun`` has started; 1 without them."""
    tasks = "1" if os.environ.get("SLURM_JOB_NAME") in {"bash", "interactive"} else os.environ.get("SLURM_NTASKS", "1")
    return max(int(os.environ.get("WORLD_SIZE", "1")), int(tasks))


def _inherited_home() -> Path | None:
    """In processes launched by Lightning, the run folder chosen by the first process."""
    is_child = int(os.environ.get("LOCAL_RANK", "0")) > 0
    home = os.environ.get(_HOME_VARIABLE)
    return Path(home) if is_child and home else None
