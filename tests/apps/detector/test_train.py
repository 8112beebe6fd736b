from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.detector import eval as detector_eval
from apps.detector import train as detector_train
from apps.detector.train import Budget, Preset
from apps.main import main
from lightning_modules import detector
from lightning_modules.cli import main as lightning
from lightning_modules.export.cards import card_of
from networks.mtcnn import load_weights

OPTIONS = ("--data.val_size", "32", "--data.num_workers", "0", "--trainer.enable_progress_bar", "false")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset with two batches per stage; the detector is not evaluated."""
    budget = Budget(1, 64, 32, OPTIONS)
    budgets = dict.fromkeys((Preset.TINY, Preset.SMALL), dict.fromkeys(("pnet", "rnet", "onet"), budget))
    monkeypatch.setattr(detector_train, "BUDGETS", budgets)
    monkeypatch.setattr("apps.lightning_process.run_lightning", lightning)  # in this process, which is faster
    monkeypatch.setattr(detector_eval, "evaluate", lambda *_: {"LFW+Net test": {"found": 1.0}})


@pytest.mark.usefixtures("quick")
def test_three_stages_make_a_detector_with_a_card(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = tmp_path / "project" / "mtcnn.safetensors"
    monkeypatch.setattr(detector, "default_weights", lambda: installed)
    monkeypatch.setattr("lightning_modules.evaluation.known_faces.CARTOON_DRAWS", 20)
    words = ["detector", "train", "--root", str(sample_root), "--preset", "small", "--out", str(tmp_path / "runs")]
    assert main(words) == 0
    made = tmp_path / "runs" / "detector-small" / "mtcnn.safetensors"
    nets, card = load_weights(made)
    assert card.untrained_heads == ()
    assert set(card.details) == {"pnet", "rnet", "onet", "figures"}
    assert "LFW+Net test" in made.with_suffix(".md").read_text()
    assert not installed.exists()

    capsys.readouterr()
    assert main([*words, "--install"]) == 0  # nothing is trained again
    assert capsys.readouterr().out.count("already exists") == 3
    again, _ = load_weights(installed)
    assert all((again.state_dict()[name] == value).all() for name, value in nets.state_dict().items())
    assert str(card_of(installed, "a detector")["terms"]).startswith("for research only: WIDER FACE is CC BY-NC-ND 4.0")


@pytest.mark.usefixtures("quick")
def test_the_trial_preset_says_that_it_makes_no_detector(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(detector_train, "_train_stage", lambda *_: tmp_path)
    monkeypatch.setattr(detector_train, "conclude", lambda *_, **__: None)
    words = ["detector", "train", "--root", str(sample_root), "--preset", "tiny", "--out", str(tmp_path)]
    assert main(words) == 0
    assert "use --preset small" in capsys.readouterr().out


def test_a_detector_of_sample_data_says_so(
    detector_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector_eval, "evaluate", lambda *_: {})
    made = tmp_path / "mtcnn.safetensors"
    detector_train.conclude(detector_weights, tmp_path, None, made, install=False, is_sample=True)
    assert card_of(made, "a detector")["trained_on"] == "sample data"
    assert "WIDER" not in made.with_suffix(".md").read_text()


@pytest.mark.usefixtures("quick")
def test_a_detector_of_the_trial_preset_is_never_installed(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["detector", "train", "--preset", "tiny", "--out", str(tmp_path / "runs"), "--install"]
    for more in (["--root", str(sample_root)], ["--preset", "small"]):
        assert main([*words, *more]) == 2
        assert "--install needs --root and a larger preset than tiny" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def train(tmp_path: Path, sample_root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """``train(*words, stages=3)``: runs the command with fits that write a file that depends on all their arguments.

    Only the first ``stages`` fits finish; the next one leaves a checkpoint, as if it were stopped.
    """

    def fit(words: list[str]) -> int:
        values = dict(zip(words[1::2], words[2::2], strict=False))
        stage = Path(values["--config"]).stem
        home = Path(values["--trainer.default_root_dir"]) / stage / "run"
        before = Path(values["--model.weights"]).read_text() if "--model.weights" in values else ""
        fits.append(stage)
        is_stopped = len(fits) > allowed[0]
        path = home / ("checkpoints/last.ckpt" if is_stopped else "mtcnn.safetensors")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{before}{stage} {len(trained)}\n")
        trained.append(stage)
        return 0

    fits: list[str] = []
    trained: list[str] = []
    allowed = [0]
    monkeypatch.setattr("apps.lightning_process.run_lightning", fit)
    monkeypatch.setattr(detector_train, "conclude", lambda *_, **__: None)

    def run(*words: str, stages: int = 3) -> int:
        fits.clear()
        allowed[0] = stages
        root = [] if "--root" in words else ["--root", str(sample_root)]
        return main(["detector", "train", *root, "--preset", "tiny", "--out", str(tmp_path), *words])

    return run


def homes(folder: Path, *stages: str) -> list[str]:
    return [str(folder / "detector-tiny" / f"mtcnn_{stage}" / "run") for stage in stages]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("--root", "/elsewhere"), "--root"),
        (("--families", "/table.csv"), "--families"),
        (("--option=--data.rotation=9",), "--option"),
    ],
)
def test_stages_trained_with_other_data_or_options_are_rejected(
    words: tuple[str, ...],
    name: str,
    train: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train() == 0
    assert train() == 0
    capsys.readouterr()
    assert train(*words) == 2
    message = capsys.readouterr().err
    assert len(message.splitlines()) == 1
    assert f"({name})" in message
    for home in homes(tmp_path, "pnet", "rnet", "onet"):
        assert home in message
    assert "--out" in message
    assert train(*words, "--out", str(tmp_path / "other")) == 0


def test_another_budget_is_rejected(
    train: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    budgets = detector_train.BUDGETS[Preset.TINY]
    monkeypatch.setitem(detector_train.BUDGETS, Preset.TINY, budgets | {"rnet": Budget(9, 9, 9)})
    assert train() == 2
    message = capsys.readouterr().err
    assert "(budget of --preset tiny)" in message
    assert f"remove {homes(tmp_path, 'rnet')[0]}, or" in message


def test_later_stages_trained_on_another_earlier_stage_are_rejected(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither before that stage is trained again nor after it was replaced."""
    assert train() == 0
    pnet, rnet, onet = homes(tmp_path, "pnet", "rnet", "onet")
    (Path(pnet) / "mtcnn.safetensors").rename(tmp_path / "kept")
    assert train() == 2
    assert f"(earlier stage): remove {rnet}, or" in capsys.readouterr().err
    (Path(pnet) / "mtcnn.safetensors").write_text("another")
    assert train() == 2
    assert f"(earlier stage): remove {rnet}, or" in capsys.readouterr().err
    shutil.rmtree(rnet)
    assert train() == 2
    assert f"(earlier stage): remove {onet}, or" in capsys.readouterr().err
    shutil.rmtree(onet)
    assert train() == 0
    assert (Path(onet) / "mtcnn.safetensors").read_text().startswith("another")


def test_a_stopped_stage_is_only_resumed_with_the_same_options(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(stages=1) == 2
    assert "rnet was stopped" in capsys.readouterr().err
    assert train("--option=--data.rotation=9") == 2
    pnet, rnet = homes(tmp_path, "pnet", "rnet")
    assert f"(--option): remove {pnet} and {rnet}, or" in capsys.readouterr().err
    assert train() == 0


def test_a_stage_without_a_record_of_its_options_is_rejected(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    home = Path(homes(tmp_path, "rnet")[0])
    (home / "options.json").write_text("{")
    assert train() == 2
    assert f"(no record of them): remove {home}, or" in capsys.readouterr().err


def test_records_under_the_old_name_are_read(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    for home in map(Path, homes(tmp_path, "pnet", "rnet", "onet")):
        (home / "options.json").rename(home / "order.json")
    assert train() == 0
    assert train("--option=--data.rotation=9") == 2
    assert "(--option): remove" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_missing_set_is_an_error_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["detector", "train", "--root", str(tmp_path), "--preset", "tiny", "--out", str(tmp_path / "runs")]) == 2
    )
    assert "no such data folder" in capsys.readouterr().err


def test_every_preset_has_a_budget_for_every_stage() -> None:
    for preset in Preset:
        assert set(detector_train.BUDGETS[preset]) == {"pnet", "rnet", "onet"}
