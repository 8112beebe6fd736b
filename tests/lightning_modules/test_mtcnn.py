from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from lightning_modules.cli import main
from lightning_modules.mtcnn import DETECTOR_FILE, cycle_factor
from lightning_modules.mtcnn_onet import MTCNNONet
from networks.mtcnn import MTCNN, STAGES, Card, load_weights, save_weights

HOME = "mtcnn_{}/run"
STOPPED_AND_RESUMED = [
    ["--run", "run", "--trainer.max_steps", "2"],
    ["--ckpt_path", "last", "--trainer.max_steps", "-1"],
]


def fit(stage: str, root: Path, out: Path, *options: str) -> int:
    return main(
        [
            *("fit", "--config", f"configs/mtcnn_{stage}.yaml", "--trainer.default_root_dir", str(out)),
            *("--data.root", str(root), "--data.batch_size", "32", "--data.val_size", "32", "--data.epoch_size", "64"),
            *("--data.num_workers", "0", "--trainer.enable_progress_bar", "false", "--trainer.accelerator", "cpu"),
            *options,
        ]
    )


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    """Nets of which RNet finds something to mine."""
    torch.manual_seed(0)
    nets = MTCNN()
    for stage in (nets.pnet, nets.rnet):
        assert isinstance(stage.face.bias, torch.Tensor)
        stage.face.bias.data.copy_(torch.tensor([0.0, 2.0]))
    path = tmp_path / "before.safetensors"
    heads = [f"onet.{head}" for head in ("face", "box", "landmarks")]
    save_weights(nets, Card("test", tuple(heads), {"rnet": {"crops": 5}}), path)
    return path


def test_a_stage_is_trained_and_those_before_it_kept(sample_root: Path, tmp_path: Path, detector: Path) -> None:
    assert (
        fit(
            "onet", sample_root, tmp_path, "--trainer.max_epochs", "1", "--run", "run", "--model.weights", str(detector)
        )
        == 0
    )
    home = tmp_path / HOME.format("onet")
    assert (home / "mined.npz").is_file()
    trained, card = load_weights(home / DETECTOR_FILE)
    before, _ = load_weights(detector)
    for name in ("pnet", "rnet"):
        theirs = getattr(before, name).state_dict()
        assert all(torch.equal(value, theirs[key]) for key, value in getattr(trained, name).state_dict().items())
    assert card.untrained_heads == ()
    assert card.details["rnet"] == {"crops": 5}
    assert isinstance(card.details["onet"], dict)
    assert card.details["onet"]["crops"] == 64


def test_nothing_is_mined_with_stages_that_are_untrained(sample_root: Path, tmp_path: Path) -> None:
    """They would take nearly every window for a face."""
    path = tmp_path / "onet_alone.safetensors"
    heads = [f"{stage}.{head}" for stage in ("pnet", "rnet") for head in ("face", "box", "landmarks")]
    save_weights(MTCNN(), Card("test", tuple(heads)), path)
    options = ["--trainer.max_epochs", "1", "--run", "run", "--model.weights", str(path)]
    assert fit("onet", sample_root, tmp_path, *options) == 0
    home = tmp_path / HOME.format("onet")
    assert not (home / "mined.npz").exists()
    assert set(load_weights(home / DETECTOR_FILE)[1].untrained_heads) == set(heads)


def test_the_first_stage_leaves_the_others_untrained(sample_root: Path, tmp_path: Path) -> None:
    assert fit("pnet", sample_root, tmp_path, "--trainer.max_epochs", "1", "--run", "run") == 0
    _, card = load_weights(tmp_path / HOME.format("pnet") / DETECTOR_FILE)
    assert set(card.untrained_heads) == {
        f"{net}.{head}" for net in ("rnet", "onet") for head in ("face", "box", "landmarks")
    }


def test_a_resumed_stage_ends_as_an_uninterrupted_one(sample_root: Path, tmp_path: Path) -> None:
    options = ["--model.learning_rate", "0.05", "--model.ema_decay", "0.9", "--model.milestones", "[1]"]
    for out, starts in ((tmp_path / "whole", [["--run", "run"]]), (tmp_path / "stopped", STOPPED_AND_RESUMED)):
        for start in starts:
            assert fit("pnet", sample_root, out, "--trainer.max_epochs", "2", *options, *start) == 0
    whole, again = (
        load_weights(tmp_path / name / HOME.format("pnet") / DETECTOR_FILE)[0] for name in ("whole", "stopped")
    )
    for key, value in whole.pnet.state_dict().items():
        torch.testing.assert_close(value, again.pnet.state_dict()[key], atol=1e-4, rtol=0)


def test_a_trained_stage_can_be_trained_further(sample_root: Path, tmp_path: Path) -> None:
    options = ["--trainer.max_epochs", "1", "--model.learning_rate", "1e-6"]
    assert fit("pnet", sample_root, tmp_path, "--run", "first", *options) == 0
    first = tmp_path / "mtcnn_pnet" / "first" / DETECTOR_FILE
    assert fit("pnet", sample_root, tmp_path, "--run", "second", "--model.weights", str(first), *options) == 0
    before, card = load_weights(first)
    after, card_after = load_weights(tmp_path / "mtcnn_pnet" / "second" / DETECTOR_FILE)
    for key, value in before.pnet.state_dict().items():
        torch.testing.assert_close(value, after.pnet.state_dict()[key], atol=1e-3, rtol=0)
    account = card_after.details["pnet"]
    assert isinstance(account, dict)
    assert account["after"] == card.details["pnet"]


def test_a_stage_trained_further_counts_its_landmarks_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the file's stage learnt by, crops teach from edge to middle; the others stay as they are."""
    old = MTCNN()
    old.rnet.is_half_a_pixel_off = old.onet.is_half_a_pixel_off = True
    path = tmp_path / "old.safetensors"
    save_weights(old, Card("test"), path)
    monkeypatch.setattr(MTCNNONet, "_account", dict)  # there is no trainer to tell of
    nets, _ = MTCNNONet(weights=str(path)).detector()
    assert nets.rnet.is_half_a_pixel_off
    assert not nets.onet.is_half_a_pixel_off


def test_a_lengthened_stage_follows_the_longer_cycle(sample_root: Path, tmp_path: Path) -> None:
    options = ["--model.optimizer", "adamw", "--model.learning_rate", "0.01"]
    assert fit("pnet", sample_root, tmp_path, "--run", "run", "--trainer.max_epochs", "1", *options) == 0
    assert fit("pnet", sample_root, tmp_path, "--ckpt_path", "last", "--trainer.max_epochs", "3", *options) == 0


def test_the_cycle_rises_quickly_and_ends_at_nothing() -> None:
    factors = [cycle_factor(step, 200) for step in range(201)]
    assert factors[0] < 0.1
    assert max(factors) == factors[10] == 1
    assert all(later <= earlier for earlier, later in pairwise(factors[10:]))
    assert factors[105] == pytest.approx(0.5)
    assert factors[200] == pytest.approx(0)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (("--trainer.max_epochs", "3"), 6),
        (("--trainer.max_epochs", "3", "--trainer.accumulate_grad_batches", "2"), 3),
        (("--trainer.max_epochs", "-1", "--trainer.max_steps", "4"), 4),
        (("--trainer.max_epochs", "3", "--trainer.max_steps", "4"), 4),
    ],
)
def test_the_cycle_is_as_long_as_the_run(
    options: tuple[str, ...], steps: int, sample_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def recorded(step: int, steps: int) -> float:
        asked.append((step, steps))
        return cycle_factor(step, steps)

    monkeypatch.setattr("lightning_modules.mtcnn.cycle_factor", recorded)
    assert fit("pnet", sample_root, tmp_path, "--run", "run", "--model.optimizer", "adamw", *options) == 0
    assert {each for _, each in asked} == {steps}
    assert max(step for step, _ in asked) == steps
    (account,) = load_weights(tmp_path / HOME.format("pnet") / DETECTOR_FILE)[1].details.values()
    assert account["crops"] == 32 * (6 if "--trainer.max_steps" not in options else 4)  # type: ignore[index]


def test_a_cycle_without_an_end_is_refused(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--model.optimizer", "adamw", "--trainer.max_epochs", "-1")
    assert fit("pnet", sample_root, tmp_path, *options) == 2
    assert "give --trainer.max_epochs or --trainer.max_steps" in capsys.readouterr().err


@pytest.mark.parametrize("stage", STAGES)
def test_a_trained_stage_is_tested_by_the_command(stage: str, sample_root: Path, tmp_path: Path) -> None:
    assert fit(stage, sample_root, tmp_path, "--run", "run", "--trainer.max_epochs", "1") == 0
    options = ["--ckpt_path", "last", "--trainer.default_root_dir", str(tmp_path), "--data.root", str(sample_root)]
    options += ["--data.num_workers", "0", "--trainer.enable_progress_bar", "false"]
    assert main(["test", "--config", f"configs/mtcnn_{stage}.yaml", *options]) == 0
    header, *rows = (tmp_path / HOME.format(stage) / "test" / "metrics.csv").read_text().splitlines()
    figures = dict(zip(header.split(","), rows[-1].split(","), strict=True))
    assert 0 <= float(figures["test/face_accuracy"]) <= 1
    assert float(figures["test/landmark_error"]) > 0


def test_missing_weights_of_the_stages_before_are_named(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("rnet", sample_root, tmp_path, "--model.weights", str(tmp_path / "none.safetensors")) == 2
    assert "--model.weights: no such file of weights" in capsys.readouterr().err


def test_crops_of_another_stage_are_refused(
    sample_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("onet", sample_root, tmp_path, "--data.side", "24") == 2
    assert "--data.side is 24; onet needs 48" in capsys.readouterr().err
