from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import pytest
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor

from lightning_modules.loggers import AppendingCSVLogger, make_loggers, wandb_mode


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_resumed_run_goes_on_in_its_file(tmp_path: Path) -> None:
    logged: list[dict[str, Tensor | float]] = [{"a": 1.0}, {"a": 2.0, "b": 3.0}, {"c": 4.0}]
    for step, metrics in enumerate(logged):
        logger = AppendingCSVLogger(tmp_path)  # as a new process would
        logger.log_metrics(metrics, step)
        logger.save()
    found = rows(tmp_path / "metrics.csv")
    assert [row["step"] for row in found] == ["0", "1", "2"]
    assert [row["a"] for row in found] == ["1.0", "2.0", ""]
    assert found[1]["b"] == "3.0"
    assert found[2]["c"] == "4.0"
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


@pytest.fixture
def logged_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is logged in to W&B, and there is no terminal to ask at."""
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "wandb_config"))


@pytest.mark.parametrize("mode", ["online", "offline", "disabled"])
def test_the_environment_decides(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    assert wandb_mode() == mode


@pytest.mark.usefixtures("logged_out")
def test_logged_out_means_offline_without_a_question() -> None:
    assert wandb_mode() == "offline"


def test_disabled_does_without_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert [type(logger) for logger in make_loggers(tmp_path, tmp_path)] == [AppendingCSVLogger]


def test_an_unreachable_server_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    asked: list[str] = []

    def init(mode: str, **options: object) -> str:
        asked.append(mode)
        if mode == "online":
            raise wandb.errors.CommError("no route to host")
        return "a run"

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_MODE", "online")
    logger = next(logger for logger in make_loggers(tmp_path, tmp_path) if isinstance(logger, WandbLogger))
    with pytest.warns(UserWarning, match="no route to host"):
        assert logger.experiment == "a run"
    assert asked == ["online", "offline"]


@pytest.mark.usefixtures("logged_out")
def test_an_offline_run_stays_in_its_home_and_says_how_to_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home, elsewhere, user = tmp_path / "cyclegan" / "run 1", tmp_path / "cwd", tmp_path / "user"
    for folder in (home, elsewhere, user):
        folder.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", str(user))
    with caplog.at_level("INFO"):
        logger = next(logger for logger in make_loggers(home, home) if isinstance(logger, WandbLogger))
    assert len(re.findall("wandb sync", caplog.text)) == 1
    logger.log_metrics({"loss": 1.0}, step=3)
    logger.experiment.finish()
    assert len(list((home / "wandb").glob("offline-run-*"))) == 1
    assert not list(elsewhere.iterdir())
    assert not [path for path in user.rglob("*") if path.is_file()]
