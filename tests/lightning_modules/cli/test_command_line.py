from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lightning_modules.cli.command_line import CommandLine, find_config
from lightning_modules.errors import UsageError
from lightning_modules.runs import project_root


def test_configs_come_before_options_wherever_they_stand(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.touch()
    second.touch()
    line = CommandLine(
        ["fit", "--model.ngf", "8", "--config", str(first), "--trainer.max_epochs=2", f"--config={second}"]
    )
    assert line.assembled() == [
        *("fit", "--config", str(first), "--config", str(second)),
        *("--model.ngf", "8", "--trainer.max_epochs=2"),
    ]
    assert line.experiment() == "b"


def test_a_checkpoint_s_values_come_between_configs_and_options(tmp_path: Path) -> None:
    config = tmp_path / "a.yaml"
    config.touch()
    values = {"model": {"init_args": {"ngf": 4}}}
    assembled = CommandLine(["test", "-c", str(config), "--data.root", "x"]).assembled(under_options=values)
    assert assembled[:3] == ["test", "--config", str(config)]
    assert yaml.safe_load(assembled[4]) == values
    assert assembled[5:] == ["--data.root", "x"]


def test_a_size_names_no_experiment_and_the_paper_s_recipe_another() -> None:
    assert (
        CommandLine(["--config=configs/cyclegan_full.yaml", "-c", "configs/sizes/64px.yaml"]).experiment()
        == "cyclegan_full"
    )
    assert CommandLine(["fit", "--config", "configs/paper/cyclegan_full.yaml"]).experiment() == "paper_cyclegan_full"


def test_a_command_line_without_config_names_no_experiment() -> None:
    assert CommandLine(["fit"]).experiment() is None
    assert CommandLine([]).assembled() == []


def test_a_config_is_found_here_first_then_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("configs/base.yaml") == str(project_root() / "configs" / "base.yaml")
    own = tmp_path / "configs" / "base.yaml"
    own.parent.mkdir()
    own.touch()
    assert find_config("configs/base.yaml") == str(own)


def test_a_config_that_is_nowhere_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"nope\.yaml[\s\S]*configs/cyclegan_baseline\.yaml"):
        find_config("configs/nope.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"model:\n  ngf: 4\n   ndf: {a: 1\n", r"bad\.yaml, line 3, column \d+: mapping values"),
        (b"- a\n- b\n", r"bad\.yaml: expected sections such as `model:`"),
        (b"\xff\xfe\x00", r"bad\.yaml: cannot be read as YAML"),
    ],
)
def test_a_config_that_is_no_yaml_is_named_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    config = tmp_path / "bad.yaml"
    config.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        CommandLine(["fit", "--config", str(config)])
