"""``cartoongan ablation``: train and test every cell of a matrix, and report on all."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer

from apps.ablation.matrix import Cell, Matrix, read_matrix
from apps.lightning_process import run_lightning
from apps.options import RootOption, RunsOption
from datamodules.errors import DataError

FINISHED = "finished"
"""File that marks a completed training in a run folder."""

Runner = Callable[[Sequence[str]], int]
"""Runs the ``lightning`` command with these arguments; returns its exit code, or a negative signal number."""


class State(StrEnum):
    """State of a cell."""

    NEW = "to be trained"
    CUT_OFF = "to be trained on"
    TRAINED = "to be tested"
    DONE = "done"


@dataclass(frozen=True)
class Place:
    """Folders of a matrix.

    Attributes:
        folder: Folder of the runs.
        root: Folder of the data sets.
    """

    folder: Path
    root: Path

    def home(self, cell: Cell) -> Path:
        """The run folder of a cell."""
        return self.folder / cell.name


def ablation(
    matrix: Annotated[Path, typer.Argument(metavar="FILE", help="The matrix, e.g. configs/ablation/paper.yaml.")],
    root: RootOption,
    out: RunsOption = None,
    only: Annotated[
        str | None, typer.Option(metavar="GLOB", help="Only these cells, e.g. 'full-*' or '*-seed1'.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the commands without running them.")] = False,
    option: Annotated[
        list[str] | None,
        typer.Option(help="Option for each `lightning fit` and `test`, e.g. --option=--trainer.devices=2. Repeatable."),
    ] = None,
) -> None:
    """Train and test the variants, generators and seeds that a file lists, and write a report.

    The runs are in OUT/ablation_FILE/VARIANT-GENERATOR-seedN. Finished runs are skipped, interrupted ones continue, and
    a failed cell does not stop the others. Several commands may work on one matrix at the same time.
    """
    from lightning_modules.runs import default_runs_folder

    parsed = read_matrix(_find(matrix), option or [])
    cells = [cell for cell in parsed.cells if only is None or fnmatch(cell.name, only)]
    if not cells:
        raise DataError(f"--only {only} matches no cell of {matrix}: {', '.join(cell.name for cell in parsed.cells)}")
    folder = (out or default_runs_folder()).expanduser().absolute() / parsed.name
    place = Place(folder, root.expanduser().absolute())
    if dry_run:
        _print_plan(cells, place)
        return
    failures = run_cells(cells, place, run_lightning)
    try:
        _report(parsed, place)
    finally:
        for name, error in failures.items():
            print(f"failed: {name}: {error}", file=sys.stderr)
    if failures:
        print(f"{len(failures)} of {len(cells)} cells failed; run the same command to retry them", file=sys.stderr)
        raise typer.Exit(1)


def run_cells(cells: Sequence[Cell], place: Place, run: Runner) -> dict[str, str]:
    """Train and test the unfinished cells, one after the other.

    Args:
        cells: Cells of one matrix.
        place: Their folders.
        run: Runs ``lightning``.

    Returns:
        Error messages by cell name.
    """
    from filelock import FileLock, Timeout

    locks = place.folder / ".locks"
    try:
        locks.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write to {place.folder}: {error.strerror}") from error
    failures = {}
    for number, cell in enumerate(cells, 1):
        head = f"[{number}/{len(cells)}] {cell.name}"
        try:
            with FileLock(locks / f"{cell.name}.lock", timeout=0):
                state = state_of(cell, place)
                print(f"{head}: {state}", flush=True)
                run_cell(cell, place, run, state)
        except Timeout:
            print(f"{head}: another process is working on it", flush=True)
        except DataError as error:
            failures[cell.name] = str(error)
            print(f"{head} failed: {error}", file=sys.stderr, flush=True)
    return failures


def run_cell(cell: Cell, place: Place, run: Runner, state: State) -> None:
    """Finish a cell from its present state.

    Raises:
        DataError: Training or test failed.
    """
    home = place.home(cell)
    if state is State.NEW:
        shutil.rmtree(home, ignore_errors=True)  # an earlier attempt without a checkpoint
    if state in {State.NEW, State.CUT_OFF}:
        _call(run, fit_words(cell, place))
        if not _reached_its_end(home):
            raise DataError("lightning fit was stopped before its last epoch")
        (home / FINISHED).touch()
    if state is not State.DONE:
        _call(run, cell.test_words(_tested_checkpoint(home), place.root))
        if not _is_tested(cell, place):
            raise DataError(f"the test wrote no metrics of its checkpoint to {home}")


def state_of(cell: Cell, place: Place) -> State:
    """The state of a cell, from the files in its run.

    A training is finished if the file ``FINISHED`` is there. It is written after ``lightning fit`` has returned 0 and
    the last checkpoint is of the end of the last epoch. One of them is not enough: a fit that hits its time limit
    returns 0, too, and one that is killed in its last validation may lack its best checkpoint.

    Raises:
        DataError: The cell was started with other options, or its record is damaged.
    """
    home = place.home(cell)
    _reject_other_options(cell, place)
    if (home / FINISHED).is_file():
        return State.DONE if _is_tested(cell, place) else State.TRAINED
    return State.CUT_OFF if _newest_checkpoint(home) else State.NEW


def fit_words(cell: Cell, place: Place) -> list[str]:
    """The arguments that train a cell, or resume its training."""
    newest = _newest_checkpoint(place.home(cell))
    return [*cell.fit_words(place.folder, place.root), *(["--ckpt_path", newest] if newest else [])]


def _call(run: Runner, words: Sequence[str]) -> None:
    print(shlex.join(["lightning", *words]), flush=True)
    code = run(words)
    if code:
        reason = f"was stopped by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
        raise DataError(f"lightning {words[0]} {reason}")


def _newest_checkpoint(home: Path) -> str | None:
    """The value of ``--ckpt_path`` that resumes a run; None if it has no checkpoint."""
    names = ("last", "best")
    return next((name for name in names if (home / "checkpoints" / f"{name}.ckpt").is_file()), None)


def _reached_its_end(home: Path) -> bool:
    """Whether the last checkpoint is from the end of the last epoch, or from the last step."""
    import torch

    from apps.report.runs import read_options

    asked, last = read_options(home / "config.yaml"), home / "checkpoints" / "last.ckpt"
    if asked.get("trainer.max_time", "None") != "None" or not last.is_file():
        return last.is_file()
    checkpoint = torch.load(last, map_location="cpu", weights_only=True, mmap=True)
    epochs = checkpoint["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"]
    reached = {"trainer.max_epochs": epochs, "trainer.max_steps": checkpoint["global_step"]}
    limits = {name: int(asked[name]) for name in reached if asked.get(name, "None") != "None"}
    return any(0 <= limit <= reached[name] for name, limit in limits.items())


def _tested_checkpoint(home: Path) -> Path:
    """The best checkpoint; the last one of a run that ended before its first validation."""
    best, last = (home / "checkpoints" / f"{name}.ckpt" for name in ("best", "last"))
    return last if last.is_file() and not best.is_file() else best


def _is_tested(cell: Cell, place: Place) -> bool:
    """Whether there are metrics of the current checkpoint from the same test."""
    from apps.report.checkpoints import CheckpointState
    from apps.report.runs import read_run

    checkpoint = _tested_checkpoint(place.home(cell))
    try:
        run = read_run(place.home(cell))
        tested = shlex.split(run.test_command)[1:]
    except (DataError, ValueError):
        return False  # missing or damaged
    if _options(tested) != _options(cell.test_words(checkpoint, place.root)):
        return False
    if not checkpoint.is_file():
        return True  # the checkpoint was deleted after the test
    return run.checkpoint.name == checkpoint.name and run.checkpoint_state is CheckpointState.AS_TESTED


def _reject_other_options(cell: Cell, place: Place) -> None:
    """Raise an error if the cell's run was started with other options that affect the result."""
    record = place.home(cell) / "run.json"
    if not record.is_file():
        return
    try:
        before = shlex.split(json.loads(record.read_text(encoding="utf-8"))[0]["command"])[1:]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{record} is damaged; remove {record.parent} to train the cell again") from error
    requested = cell.fit_words(place.folder, place.root)
    differing = sorted(_options(before) ^ _options(requested))
    if differing:
        names = ", ".join(dict.fromkeys(name for name, _ in differing))
        raise DataError(
            f"it was started with other options ({names}); choose another --out, or remove {record.parent} to restart"
        )


def _options(words: Sequence[str]) -> set[tuple[str, str]]:
    """Pairs of option and value, without those that do not affect the result; the data may have moved."""
    from apps.report.rows import NO_BEARING

    pairs = set()
    waiting = list(words[1:])
    while waiting:
        name, is_joined, value = waiting.pop(0).removeprefix("--").partition("=")
        pairs.add((name, value if is_joined or not waiting else waiting.pop(0)))
    return {(name, value) for name, value in pairs if name not in NO_BEARING and name != "data.root"}


def _print_plan(cells: Sequence[Cell], place: Place) -> None:
    """Print the state of each cell and its next commands."""
    for number, cell in enumerate(cells, 1):
        state = state_of(cell, place)
        print(f"[{number}/{len(cells)}] {cell.name}: {state}")
        if state in {State.NEW, State.CUT_OFF}:
            print(shlex.join(["lightning", *fit_words(cell, place)]))
        if state is not State.DONE:
            print(shlex.join(["lightning", *cell.test_words(_tested_checkpoint(place.home(cell)), place.root)]))


def _report(matrix: Matrix, place: Place) -> None:
    """Write the report on all finished cells of a matrix."""
    from apps.report.command import write_report

    done = [cell for cell in matrix.cells if (place.home(cell) / FINISHED).is_file() and _is_tested(cell, place)]
    if missing := [cell.name for cell in matrix.cells if cell not in done]:
        print(f"not in the report, since not finished: {', '.join(missing)}", file=sys.stderr)
    if done:
        write_report([place.home(cell) for cell in done], place.folder / "report", root=place.root)


def _find(path: Path) -> Path:
    from lightning_modules.runs import find_in_project, known_configs, project_root

    if found := find_in_project(path):
        return found
    known = known_configs("configs/ablation")
    raise DataError(f"no such file here or in {project_root()}: {path}; the project has {known}")
