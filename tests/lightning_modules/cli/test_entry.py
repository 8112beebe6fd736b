"""What the ``lightning`` command answers at once, and what it says about simple mistakes."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

import lightning_modules
from lightning_modules.cli import main
from lightning_modules.version import __version__

CPU_SECONDS = 1.5


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["--version"], ["fit", "--help"], ["predict", "-h"], ["fit"], ["fti"]]
)
def test_help_does_not_wait_for_torch(arguments: list[str]) -> None:
    code = (
        "import sys, time; from lightning_modules.cli import main; main(sys.argv[1:]);"
        f"assert 'torch' not in sys.modules; assert time.process_time() < {CPU_SECONDS}, time.process_time()"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split()[-1] == __version__ == lightning_modules.__version__


def test_no_arguments_print_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "sub-commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["fit"], ["--config", "configs/cyclegan_baseline.yaml"]),
        (["test", "--ckpt_path", "last"], ["--config"]),
        (["fti", "--config", "x"], ["fti: no such sub-command", "did you mean fit?"]),
        (["train"], ["train: no such sub-command", "fit, validate, test, predict"]),
    ],
)
def test_simple_mistakes_are_explained(
    arguments: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert message.startswith("lightning: error: ")
    assert len(message.splitlines()) <= 2
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        (["--batch_size", "4"], "--data.batch_size"),
        (["--batch-size=4"], "--data.batch_size"),
        (["--data.batch_sise", "4"], "--data.batch_size"),
        (["--model.ngff=3"], "--model.ngf"),
        (["--trainer.max_epoch", "3"], "--trainer.max_epochs"),
        (["--max_epochs", "3"], "--trainer.max_epochs"),
    ],
)
def test_a_misspelled_option_gets_the_right_one(
    option: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--config", "configs/cyclegan_cond.yaml", *option]) == 2
    message = capsys.readouterr().err
    assert f"did you mean {meant}?" in message.splitlines()[0]


def test_an_option_like_no_other_gets_no_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--config", "configs/cyclegan_cond.yaml", "--zzz", "1"]) == 2
    assert "did you mean" not in capsys.readouterr().err


def test_full_help_has_every_option_of_the_trainer(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:  # as argparse ends after its help
        main(["fit", "--help-all"])
    assert not end.value.code
    assert "--trainer.gradient_clip_algorithm" in capsys.readouterr().out


@pytest.mark.parametrize("name", lightning_modules.__all__)
def test_every_module_is_imported_when_it_is_asked_for(name: str) -> None:
    assert getattr(lightning_modules, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="CycleGANNone"):
        _ = lightning_modules.CycleGANNone


def test_a_model_has_a_short_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "--model", "CycleGANCond", "--model.ngf", "7", "--print_config"])
    model = yaml.safe_load(capsys.readouterr().out)["model"]
    assert model["class_path"] == "lightning_modules.CycleGANCond"
    assert model["init_args"]["ngf"] == 7
