from __future__ import annotations

import csv
import errno
import os
import re
import sys
import warnings
from pathlib import Path
from unittest.mock import Mock

import pytest
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor

from lightning_modules.errors import UsageError
from lightning_modules.loggers import AppendingCSVLogger, ForgivingWandbLogger, make_loggers, wandb_mode


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


def test_a_full_disk_loses_no_values_and_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing can be written, values wait in memory; half a row is removed."""
    logger = AppendingCSVLogger(tmp_path)
    logger.log_metrics({"a": 1.0}, 0)
    logger.save()
    written = (tmp_path / "metrics.csv").read_text()

    def write_half(self: object, given: object) -> None:
        with (tmp_path / "metrics.csv").open("a") as file:
            file.write("2.0,")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full_disk:
        full_disk.setattr(csv.DictWriter, "writerows", write_half)
        logger.log_metrics({"a": 2.0}, 1)
        with pytest.warns(UserWarning, match=r"metrics\.csv cannot be written, training goes on: No space left"):
            logger.save()
        logger.log_metrics({"a": 3.0, "b": 1.0}, 2)  # a new column has to rewrite the file
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # once is enough
            logger.save()
        assert (tmp_path / "metrics.csv").read_text() == written
    logger.save()
    found = rows(tmp_path / "metrics.csv")
    assert [(row["step"], row["a"], row["b"]) for row in found] == [
        ("0", "1.0", ""),
        ("1", "2.0", ""),
        ("2", "3.0", "1.0"),
    ]


def test_a_log_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").mkdir()
    with pytest.raises(UsageError, match=r"cannot write the log .*metrics\.csv: Is a directory"):
        AppendingCSVLogger(tmp_path).save()


def wandb_logger(home: Path) -> ForgivingWandbLogger:
    return next(logger for logger in make_loggers(home, home) if isinstance(logger, ForgivingWandbLogger))


def test_a_folder_of_wandb_that_cannot_be_written_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    (tmp_path / "wandb").write_text("a file where the folder should be")
    with pytest.raises(UsageError, match=f"cannot write {tmp_path / 'wandb'}.*\nWANDB_MODE=disabled"):
        wandb_logger(tmp_path).log_hyperparams({})


def test_wandb_that_cannot_start_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    def init(**options: object) -> None:
        raise wandb.errors.UsageError("no service")

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setenv("WANDB_MODE", "offline")
    with pytest.raises(UsageError, match=r"W&B cannot start: no service\nWANDB_MODE=disabled"):
        wandb_logger(tmp_path).log_hyperparams({})


def test_wandb_that_fails_in_a_run_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    run = Mock()
    monkeypatch.setattr(wandb, "init", lambda **options: run)
    monkeypatch.setenv("WANDB_MODE", "offline")
    logger = wandb_logger(tmp_path)
    logger.log_metrics({"loss": 1.0}, step=1)
    assert run.log.call_count == 1
    run.log.side_effect = BrokenPipeError("the service has died")
    with pytest.warns(UserWarning, match="training goes on without it.*the service has died"):
        logger.log_metrics({"loss": 2.0}, step=2)
    logger.log_metrics({"loss": 3.0}, step=3)
    logger.log_image("faces", ["image.png"], step=3)
    logger.finalize("success")
    assert run.log.call_count == 2
