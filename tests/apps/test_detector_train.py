from __future__ import annotations

from pathlib import Path

import pytest

from apps import detector_eval, detector_train
from apps.detector_train import Budget, Preset
from apps.main import main
from lightning_modules import detector
from networks.mtcnn import load_weights

OPTIONS = ("--data.val_size", "32", "--data.num_workers", "0", "--trainer.enable_progress_bar", "false")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset of two batches a stage; what such nets take for faces is not worth evaluating."""
    budget = Budget(1, 64, 32, OPTIONS)
    budgets = {Preset.TINY: dict.fromkeys(("pnet", "rnet", "onet"), budget)}
    monkeypatch.setattr(detector_train, "BUDGETS", budgets)
    monkeypatch.setattr(detector_eval, "evaluate", lambda *_: {"LFW+Net test": {"found": 1.0}})


@pytest.mark.usefixtures("quick")
def test_three_stages_make_a_detector_with_a_card(
    sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = tmp_path / "project" / "mtcnn.safetensors"
    monkeypatch.setattr(detector, "default_weights", lambda: installed)
    words = ["detector", "train", "--root", str(sample_root), "--preset", "tiny", "--out", str(tmp_path / "runs")]
    assert main(words) == 0
    made = tmp_path / "runs" / "detector-tiny" / "mtcnn.safetensors"
    nets, card = load_weights(made)
    assert card.untrained_heads == ()
    assert set(card.details) == {"pnet", "rnet", "onet", "figures"}
    assert "LFW+Net test" in made.with_suffix(".md").read_text()
    assert not installed.exists()

    capsys.readouterr()
    assert main([*words, "--install"]) == 0  # nothing is trained again
    assert capsys.readouterr().out.count("is there already") == 3
    again, _ = load_weights(installed)
    assert all((again.state_dict()[name] == value).all() for name, value in nets.state_dict().items())
    assert installed.with_suffix(".md").is_file()


@pytest.mark.usefixtures("quick")
def test_a_missing_set_stops_it_before_anything_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["detector", "train", "--root", str(tmp_path), "--preset", "tiny", "--out", str(tmp_path / "runs")]) == 2
    )
    assert "no such data folder" in capsys.readouterr().err


def test_every_preset_has_a_budget_for_every_stage() -> None:
    for preset in Preset:
        assert set(detector_train.BUDGETS[preset]) == {"pnet", "rnet", "onet"}
