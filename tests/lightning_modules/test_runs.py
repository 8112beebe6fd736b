from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from lightning_modules.errors import UsageError
from lightning_modules.runs import default_runs_folder, find_checkpoint, home_of, new_home, project_root


def checkpoint(folder: Path, run: str, name: str, age: int) -> Path:
    """A checkpoint file, ``age`` seconds old, in the home of a run."""
    path = folder / run / "checkpoints" / f"{name}.ckpt"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({}, path)
    os.utime(path, (1e9 - age, 1e9 - age))
    (folder / run / "config.yaml").touch()
    return path


def test_last_and_best_mean_the_newest_of_the_experiment(tmp_path: Path) -> None:
    checkpoint(tmp_path, "b_older", "last", age=50)
    newest = checkpoint(tmp_path, "a_newer", "last", age=10)
    best = checkpoint(tmp_path, "b_older", "best", age=60)
    assert find_checkpoint("last", tmp_path) == newest
    assert find_checkpoint("best", tmp_path) == best
    assert find_checkpoint(str(best), tmp_path) == best


def test_a_damaged_checkpoint_is_passed_over_and_named(tmp_path: Path) -> None:
    good = checkpoint(tmp_path, "older", "last", age=50)
    damaged = checkpoint(tmp_path, "newer", "last", age=10)
    damaged.write_bytes(damaged.read_bytes()[:-30])
    with pytest.warns(UserWarning, match=r"skipped: .*newer/checkpoints/last\.ckpt is truncated"):
        assert find_checkpoint("last", tmp_path) == good
    good.write_bytes(b"")
    os.utime(good, (0, 0))
    with pytest.raises(UsageError, match=r"no undamaged checkpoint[\s\S]*newer[\s\S]*older"):
        find_checkpoint("last", tmp_path)


@pytest.mark.parametrize("asked", ["last", "best", "nowhere.ckpt", "http://example.org/model.ckpt"])
def test_what_is_not_there_is_an_error(tmp_path: Path, asked: str) -> None:
    with pytest.raises(UsageError, match=f"--ckpt_path {asked}"):
        find_checkpoint(asked, tmp_path)


def test_a_checkpoint_knows_its_run(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, "run", "last", age=0)
    assert home_of(path) == tmp_path / "run"
    stray = tmp_path / "last.ckpt"
    assert home_of(stray) is None


def test_new_homes_are_new(tmp_path: Path) -> None:
    assert new_home(tmp_path, None) != new_home(tmp_path, None)
    assert new_home(tmp_path, "mine") == tmp_path / "mine"
    checkpoint(tmp_path, "mine", "last", age=0)
    with pytest.raises(UsageError, match="--run mine"):
        new_home(tmp_path, "mine")


@pytest.mark.parametrize("run", ["../../evil", "a/b", "..", "/tmp/evil"])
def test_a_run_stays_in_the_folder_of_its_experiment(run: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--run .*: give the name of a folder, not a path"):
        new_home(tmp_path, run)


def test_processes_of_one_start_share_their_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = new_home(tmp_path, None)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert new_home(tmp_path, None) == home


def test_processes_of_another_launcher_need_a_common_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(UsageError, match="--run NAME"):
        new_home(tmp_path, None)
    monkeypatch.setenv("SLURM_JOB_ID", "1234")
    assert new_home(tmp_path, None) == tmp_path / "1234"


def test_tasks_of_slurm_share_the_job_s_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``srun`` sets no WORLD_SIZE. In an interactive job, Lightning does not use the tasks."""
    monkeypatch.setenv("SLURM_JOB_ID", "1234")
    monkeypatch.setenv("SLURM_NTASKS", "4")
    assert new_home(tmp_path, None) == tmp_path / "1234"
    monkeypatch.setenv("SLURM_JOB_NAME", "interactive")
    assert new_home(tmp_path, None).name != "1234"


def test_runs_lie_in_the_project_s_checkout() -> None:
    assert (project_root() / "pyproject.toml").is_file()
    assert default_runs_folder() == project_root() / "runs"
