from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lightning_modules.cli import main
from lightning_modules.cli.class_options import class_help, known_options
from lightning_modules.cli.command_line import CommandLine


def words_of(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


def test_help_with_a_config_has_the_options_of_its_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--config", "configs/cyclegan_cond.yaml", "--help"]) == 0
    shown = words_of(capsys.readouterr().out)
    assert "--model.label_injection" in shown
    assert "--data.on_bad_image" in shown
    assert "--trainer" not in shown


def test_help_shows_the_values_of_the_configs(tmp_path: Path) -> None:
    later = tmp_path / "later.yaml"
    later.write_text("model:\n  init_args: {ngf: 7}\n")
    line = CommandLine(["fit", "--config", "configs/cyclegan_cond.yaml", "--config", str(later)])
    shown = words_of(class_help(line))
    assert "(type: int, default: 7)" in shown
    assert "default: modulation)" in shown  # of the first config
    assert "default: 10000)" in shown  # of configs/base.yaml


def test_a_stage_of_the_detector_has_its_own_options() -> None:
    names = known_options(CommandLine(["fit", "--config", "configs/mtcnn_pnet.yaml"]))
    assert {"model.loss_weights", "data.negatives", "trainer.max_epochs"} <= set(names)
    assert "model.lambda_cycle" not in names


def test_a_model_named_on_the_command_line_wins() -> None:
    line = CommandLine(["fit", "--config", "configs/cyclegan_baseline.yaml", "--model", "CycleGANCond"])
    assert "model.label_injection" in known_options(line)


@pytest.mark.parametrize("name", ["NoSuchModel", "no.such.module.Model"])
def test_an_unknown_model_has_no_options(name: str) -> None:
    names = known_options(CommandLine(["fit", f"--model={name}"]))
    assert not [each for each in names if each.startswith("model.")]
    assert "data.root" in names


@pytest.mark.parametrize("subcommand", ["fit", "validate", "test", "predict"])
def test_every_option_of_the_command_is_known(subcommand: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [subcommand, "--config", "configs/cyclegan_cond.yaml"]
    with pytest.raises(SystemExit):
        main([*words, "--print_config"])
    options = yaml.safe_load(capsys.readouterr().out)
    sections = {"trainer", "model", "data", "evaluation", "optimizer", "lr_scheduler"}
    assert set(options) - sections <= set(known_options(CommandLine(words)))


def test_a_sub_command_has_its_own_options() -> None:
    config = ["--config", "configs/cyclegan_cond.yaml"]
    assert "evaluation.classifier" in known_options(CommandLine(["test", *config]))
    assert "out" in known_options(CommandLine(["predict", *config]))
    assert "out" not in known_options(CommandLine(["fit", *config]))
