from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from lightning import Trainer

from lightning_modules.callbacks import RunRecord, run_record


def start(trainer: Trainer, config: str, **options: Any) -> None:
    record = RunRecord(config, seed=7, command=["lightning", "fit", "--name", "two words"], **options)
    record.setup(trainer, Mock(), "fit")


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
