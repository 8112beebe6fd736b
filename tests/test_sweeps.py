"""Every shipped sweep, found by itself: its trials run as W&B's agent starts them, and log into its runs."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypedDict, cast

import jsonschema
import pytest
import wandb
import yaml
from lightning.pytorch.loggers import WandbLogger
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from lightning_modules.cli import main
from lightning_modules.loggers import PROJECT, make_loggers

SWEEPS = sorted((Path(__file__).parent.parent / "configs" / "sweeps").iterdir())

SMALL = [
    *("--data.image_size", "32", "--data.batch_size", "2", "--data.epoch_size", "2", "--data.num_workers", "0"),
    *("--model.ngf", "4", "--model.ndf", "4", "--trainer.max_epochs", "1", "--trainer.limit_val_batches", "1"),
    *("--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
]

Value = str | int | float


class Constraint(TypedDict, total=False):
    value: Value
    values: list[Value]
    min: float
    max: float


class Sweep(TypedDict):
    project: str
    command: list[str]
    metric: dict[str, str]
    parameters: dict[str, Constraint]


def read(path: Path) -> Sweep:
    return cast(Sweep, yaml.safe_load(path.read_text(encoding="utf-8")))


def drawn(constraint: Constraint, end: int) -> Value:
    """The first (0) or last (-1) value that a parameter can take."""
    if "value" in constraint:
        return constraint["value"]
    return (constraint.get("values") or [constraint["min"], constraint["max"]])[end]


def trial(sweep: Sweep, values: dict[str, Value]) -> list[str]:
    """The words of a trial, put together as by W&B's agent with W&B's own functions."""
    macros = create_sweep_command_args({"args": {name: {"value": value} for name, value in values.items()}})
    words: list[str] = []
    for word in create_sweep_command(sweep["command"]):
        words += macros[word[2:-1]] if word.startswith("${") else [word]
    return words


@pytest.mark.parametrize("end", [0, -1])
@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_sweep_trains_with_what_it_draws_and_logs_its_metric(
    path: Path, end: int, sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA", str(sample_root))
    sweep = read(path)
    values = {name: drawn(constraint, end) for name, constraint in sweep["parameters"].items()}
    program, *words = trial(sweep, values)
    assert program == "lightning"
    assert main([*words, *SMALL, "--trainer.default_root_dir", str(tmp_path)]) == 0

    (home,) = (tmp_path / f"sweep_{path.stem}").iterdir()
    model = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))["model"]["init_args"]
    varied = {name.removeprefix("model."): value for name, value in values.items() if name.startswith("model.")}
    assert varied
    assert {name: model[name] for name in varied} == varied
    with (home / "metrics.csv").open(newline="", encoding="utf-8") as file:
        assert sweep["metric"]["name"] in next(csv.reader(file))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """W&B's own schema of a sweep, which its package `sweeps` of 2022 holds, and what W&B knows since."""
    package = find_spec("sweeps")
    if package is None or not package.submodule_search_locations:
        pytest.skip("W&B's package `sweeps` is not installed; it is in the extra [dev]")
    path = Path(package.submodule_search_locations[0]) / "config" / "schema.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    found["properties"]["run_cap"] = {"type": "integer", "minimum": 1}
    return found


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_sweep_is_one_by_the_schema_of_wandb(path: Path, schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft7Validator(schema)
    sweep: Any = read(path)
    assert [error.message for error in validator.iter_errors(sweep)] == []
    assert list(validator.iter_errors(sweep | {"method": "guess"}))
    assert list(validator.iter_errors({name: value for name, value in sweep.items() if name != "parameters"}))


EARLY = re.findall(
    r"```yaml\n(early_terminate:.*?)```", (Path("docs/measuring.md")).read_text("utf-8"), flags=re.DOTALL
)


def test_the_early_termination_of_the_documentation_is_one_by_the_schema(schema: dict[str, Any]) -> None:
    (text,) = EARLY
    sweep: Any = read(SWEEPS[0])
    assert list(jsonschema.Draft7Validator(schema).iter_errors(sweep | yaml.safe_load(text))) == []


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_sweep_lies_where_the_runs_lie(path: Path) -> None:
    assert read(path)["project"] == PROJECT


def test_a_trial_without_data_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    _, *words = trial(read(SWEEPS[0]), {})
    assert main([*words, *SMALL, "--trainer.default_root_dir", str(tmp_path)]) == 2
    assert f"{tmp_path / 'DATA'} (--data.root" in capsys.readouterr().err


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment that W&B's agent gives to a trial, but offline."""
    drawn_values = tmp_path / "config-trial7.yaml"
    drawn_values.write_text("wandb_version: 1\n\nmodel.lambda_cycle:\n  value: 5.0\n")
    for name, value in {
        "MODE": "offline",
        "ENTITY": "someone",
        "PROJECT": "a-project",
        "SWEEP_ID": "sweep3",
        "RUN_ID": "trial7",
        "SWEEP_PARAM_PATH": str(drawn_values),
    }.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    wandb.teardown()  # W&B reads the environment once
    yield
    wandb.teardown()


def wandb_logger(home: Path) -> WandbLogger:
    home.mkdir(parents=True)
    return next(logger for logger in make_loggers(home, home) if isinstance(logger, WandbLogger))


@pytest.mark.usefixtures("agent")
def test_a_trial_logs_into_the_run_that_the_agent_made(tmp_path: Path) -> None:
    home = tmp_path / "sweep_loss_weights" / "today"
    logger = wandb_logger(home)
    logger.log_hyperparams({"lambda_cycle": 5.0})
    run = logger.experiment
    run.finish()
    assert (run.entity, run.project, run.sweep_id, run.id) == ("someone", "a-project", "sweep3", "trial7")
    assert run.name == "sweep_loss_weights/today"
    assert dict(run.config) == {"model.lambda_cycle": 5.0, "lambda_cycle": 5.0}
    assert len(list((home / "wandb").glob("offline-run-*-trial7"))) == 1


@pytest.mark.usefixtures("agent")
def test_a_trial_claims_no_run_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(wandb, "init", lambda **options: asked.update(options))
    assert wandb_logger(tmp_path / "sweep" / "today").experiment is None
    assert asked["name"] == "sweep/today"
    assert not asked.keys() & {"id", "project", "entity"}  # W&B would warn that it ignores them


@pytest.mark.usefixtures("agent")
def test_a_run_named_in_the_environment_is_joined_without_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_SWEEP_ID")
    asked: dict[str, object] = {}
    monkeypatch.setattr(wandb, "init", lambda **options: asked.update(options))
    assert wandb_logger(tmp_path / "experiment" / "today").experiment is None
    assert (asked["project"], asked["id"]) == ("a-project", "trial7")
