from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from lightning import Trainer

from lightning_modules.callbacks import RunRecord, run_record
from lightning_modules.errors import UsageError


def start(trainer: Trainer, config: str, **options: Any) -> None:
    record = RunRecord(config, seed=7, command=["lightning", "fit", "--name", "two words"], **options)
    record.setup(trainer, Mock(), "fit")
    record.on_train_start(trainer, Mock())
    record.teardown(trainer, Mock(), "fit")


def test_a_start_that_fails_leaves_the_config_that_was_there(
    tmp_path: Path, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer()
    start(trainer, "a: 1\n")
    failing = RunRecord("a: 2\n", 7, [])
    failing.setup(trainer, Mock(), "fit")
    failing.teardown(trainer, Mock(), "fit")
    assert {path.name for path in tmp_path.glob("config*.yaml")} == {"config.yaml"}
    assert (tmp_path / "config.yaml").read_text() == "a: 1\n"


def test_a_run_belongs_to_one_process_at_a_time(tmp_path: Path, make_trainer: Callable[..., Trainer]) -> None:
    trainer, first, second = make_trainer(), RunRecord("a: 1\n", 7, []), RunRecord("a: 1\n", 7, [])
    first.setup(trainer, Mock(), "fit")
    with pytest.raises(UsageError, match=f"another process is training in {tmp_path}"):
        second.setup(trainer, Mock(), "fit")
    second.on_exception(trainer, Mock(), UsageError())  # as Lightning does
    with pytest.raises(UsageError, match="another process is training"):
        RunRecord("a: 1\n", 7, []).setup(trainer, Mock(), "fit")
    first.teardown(trainer, Mock(), "fit")
    second.setup(trainer, Mock(), "fit")
    second.on_exception(trainer, Mock(), RuntimeError())
    first.setup(trainer, Mock(), "fit")
    first.teardown(trainer, Mock(), "fit")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, make_trainer: Callable[..., Trainer]) -> None:
    (tmp_path / "file").touch()
    trainer = make_trainer(default_root_dir=tmp_path / "file" / "run")
    with pytest.raises(UsageError, match=r"cannot write the run .*file/run: Not a directory"):
        RunRecord("a: 1\n", 7, []).setup(trainer, Mock(), "fit")


def test_sessions_add_up_and_old_configs_stay(tmp_path: Path, make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    start(trainer, "a: 1\n")
    start(trainer, "a: 1\n", resumed_from=Path("last.ckpt"))
    start(trainer, "a: 2\n")
    start(trainer, "a: 3\n")
    texts = {path.name: path.read_text() for path in tmp_path.glob("config*.yaml")}
    assert texts == {"config.1.yaml": "a: 1\n", "config.2.yaml": "a: 2\n", "config.yaml": "a: 3\n"}
    sessions = json.loads((tmp_path / "run.json").read_text())
    assert [session["resumed_from"] for session in sessions] == [None, "last.ckpt", None, None]
    assert sessions[0]["command"] == "lightning fit --name 'two words'"
    assert sessions[0]["seed"] == 7
    assert {path.suffix for path in tmp_path.iterdir()} == {".yaml", ".json"}


def test_only_a_fit_is_recorded(tmp_path: Path, make_trainer: Callable[..., Trainer]) -> None:
    RunRecord("a: 1\n", 7, []).setup(make_trainer(), Mock(), "test")
    start(make_trainer(fast_dev_run=True), "a: 1\n")
    assert not list(tmp_path.iterdir())


def test_a_revision_is_unknown_outside_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_record, "project_root", lambda: tmp_path)
    assert run_record.git_revision() is None
