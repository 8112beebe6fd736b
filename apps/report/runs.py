"""Reads tested runs: the output of ``lightning test``, and the record of the training."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from apps.report.checkpoints import CheckpointState, checkpoint_state, locate
from apps.report.records import FORMAT, METRICS, SESSIONS, Judge, Session, read_record
from datamodules.errors import DataError
from lightning_modules.figure import Figure
from lightning_modules.runs import CHECKPOINT_FOLDER, CONFIG_FILE, METRICS_FILE, METRICS_FORMAT, TEST_FOLDER

Value = str | int | float | None


@dataclass(frozen=True)
class MeasuredRun:
    """A tested run.

    Attributes:
        home: Its folder.
        variant: Class name of the model.
        seed: Seed of the training.
        checkpoint: Current path of the tested file.
        epoch: Epoch of that file; None if unknown.
        step: Training step of that file.
        device: Device of the test; None if unknown.
        precision: Precision of the test; None if unknown.
        data: Test data.
        judges: Evaluation networks by kind.
        figures: Metrics by key.
        options: Configuration of its training: texts by dotted name; empty if unknown.
        sessions: Sessions of its training.
        test_command: Command line of its test.
        test_folder: Working directory of that command; None if unknown.
    """

    home: Path
    variant: str
    seed: int
    checkpoint: Path
    epoch: int | None
    step: int
    device: str | None
    precision: str | None
    data: Mapping[str, Value]
    judges: Mapping[str, Judge]
    figures: Mapping[str, Figure]
    options: Mapping[str, str]
    sessions: Sequence[Session]
    test_command: str
    test_folder: str | None

    @property
    def title(self) -> str:
        """Experiment and run, from the folder names."""
        return f"{self.home.parent.name}/{self.home.name}"

    @cached_property
    def checkpoint_state(self) -> CheckpointState:
        """State of the tested checkpoint, which is read once."""
        return checkpoint_state(self.checkpoint, self.epoch, self.step)

    @property
    def data_root(self) -> Path | None:
        """Folder of the test data sets; None if unknown."""
        root = self.data.get("root")
        return Path(self.test_folder or "", Path(root).expanduser()) if isinstance(root, str) else None

    @property
    def setup(self) -> str:
        """The known test conditions that affect speed and memory."""
        size = self.data.get("batch_size")
        batches = None if size is None else f"batches of {size}"
        precision = None if self.precision is None else f"precision {self.precision}"
        return ", ".join(filter(None, (self.device, batches, precision)))

    def judge_of(self, figure: Figure) -> str | None:
        """Name of the evaluation network of a metric."""
        if figure.judge is None:
            return None
        judge = self.judges.get(figure.judge)
        return judge.name if judge else figure.judge


def metrics_path(home: Path) -> Path:
    """Path of the metrics written by ``lightning test``."""
    return home / TEST_FOLDER / METRICS_FILE


def find_runs(paths: Iterable[Path]) -> list[MeasuredRun]:
    """The runs in the given run folders, and all tested runs in other folders, without duplicates.

    Raises:
        DataError: A given run was not tested, a folder has no tested run, or the output of a test is damaged.
    """
    homes = [home for path in paths for home in _homes(path.expanduser().absolute())]
    return [read_run(home) for home in dict.fromkeys(homes)]


def untested_homes(folder: Path) -> list[Path]:
    """CycleGAN runs in or below a folder that have a checkpoint but no test."""
    homes = {path.parent.parent for path in folder.rglob(f"{CHECKPOINT_FOLDER}/*.ckpt")}
    return sorted(home for home in homes if not metrics_path(home).is_file() and _holds_a_cyclegan(home))


def read_run(home: Path) -> MeasuredRun:
    """Read the tested run in a folder.

    Raises:
        DataError: It was not tested, or one of its files is damaged; the message names the file and says what to do.
    """
    path = metrics_path(home)
    if not path.is_file():
        raise _untested(home)
    found = read_record(path, FORMAT).format
    if found != METRICS_FORMAT:
        raise DataError(f"{path} has format {found}, expected {METRICS_FORMAT}; {_how_to_test(home)}")
    metrics = read_record(path, METRICS)
    options = read_options(home / CONFIG_FILE)
    seed = options.get("seed_everything", "")
    record = home / "run.json"
    sessions: list[Session] = read_record(record, SESSIONS) if record.is_file() else []
    return MeasuredRun(
        home=home,
        variant=metrics.variant,
        seed=int(seed) if seed.isdigit() else metrics.seed,
        checkpoint=locate(Path(metrics.checkpoint), home),
        epoch=metrics.epoch,
        step=metrics.step,
        device=metrics.device,
        precision=metrics.precision,
        data={key: value for key, value in metrics.data.items() if not isinstance(value, dict | list)},
        judges=metrics.judges,
        figures=metrics.figures,
        options=options,
        sessions=sessions,
        test_command=metrics.command,
        test_folder=metrics.folder,
    )


def read_options(path: Path) -> dict[str, str]:
    """Read a configuration as texts by dotted name; empty if there is none.

    Raises:
        DataError: The file is damaged.
    """
    try:
        return _flat(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"{path} is damaged: {str(error).splitlines()[0]}") from error


def _homes(path: Path) -> list[Path]:
    """The folder itself if it is a run, or all tested runs below it."""
    if metrics_path(path).is_file():
        return [path]
    if (path / CHECKPOINT_FOLDER).is_dir() or (path / CONFIG_FILE).is_file():
        raise _untested(path)
    if not path.is_dir():
        raise DataError(f"no such run or folder of runs: {path}")
    if homes := sorted(file.parent.parent for file in path.rglob(f"{TEST_FOLDER}/{METRICS_FILE}")):
        return homes
    untested = untested_homes(path)
    raise _untested(untested[0]) if untested else DataError(f"no run in {path}")


def _untested(home: Path) -> DataError:
    return DataError(f"{home} was not tested: there is no {metrics_path(home)}; {_how_to_test(home)}")


def _how_to_test(home: Path) -> str:
    files = [home / CHECKPOINT_FOLDER / f"{name}.ckpt" for name in ("best", "last")]
    checkpoint = next((file for file in files if file.is_file()), files[0])
    words = ["lightning", "test", "--config", str(home / CONFIG_FILE), "--ckpt_path", str(checkpoint)]
    return f"test it with\n{shlex.join(words)}"


def _holds_a_cyclegan(home: Path) -> bool:
    return "CycleGAN" in read_options(home / CONFIG_FILE).get("model.class_path", "")


def _flat(value: object, name: str = "") -> dict[str, str]:
    """Texts of all values by dotted name, without the level ``init_args`` between a group and its options."""
    if isinstance(value, dict | list) and value:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {
            key: text
            for part, inner in parts
            for key, text in _flat(inner, name if part == "init_args" else f"{name}.{part}".lstrip(".")).items()
        }
    return {name: str(value).lower() if isinstance(value, bool) else str(value)}
