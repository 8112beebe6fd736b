"""Every shipped config, found by itself, runs through the command."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from lightning_modules.cli import main
from lightning_modules.cli.command import CartoonGANCLI

ROOT = Path(__file__).parent.parent
CONFIGS = [
    *sorted(path for path in (ROOT / "configs").glob("*.yaml") if path.name != "base.yaml"),
    *sorted((ROOT / "configs" / "paper").glob("*.yaml")),
]


CYCLEGAN = [*("--data.image_size", "32", "--data.batch_size", "2"), *("--model.ngf", "4", "--model.ndf", "4")]
SMALL = {
    "mtcnn": ["--data.batch_size", "32", "--data.epoch_size", "32", "--data.val_size", "32"],
    "finisher": ["--data.image_size", "32", "--data.batch_size", "2", "--data.epoch_size", "2"],
    "portrait": ["--data.batch_size", "4", "--data.epoch_size", "8", "--data.image_size", "32"],
    "attribute": ["--data.batch_size", "4", "--data.epoch_size", "8"],
}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_config_trains(
    config: Path, sample_root: Path, detector_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning_modules.detector.default_weights", lambda: detector_weights)
    options = [
        *("--trainer.fast_dev_run", "true", "--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
        *("--trainer.default_root_dir", str(tmp_path), "--data.root", str(sample_root), "--data.num_workers", "0"),
        *SMALL.get(config.stem.partition("_")[0], CYCLEGAN),
    ]
    assert main(["fit", "--config", str(config), *options]) == 0


PAPER: dict[str, dict[str, object]] = {
    "baseline": {},
    "cond": {"label_injection": "concat", "wrong_labels": False, "random_target_share": 0.0, "lambda_leak": 0.0},
    "landmark": {"lambda_1": 1.0, "lambda_2": 0.3, "lambda_3": 1.0, "lambda_skin": 0.0, "landmark_jitter": 0.0},
    "aligned": {"alignment": "affine", "condition": "photo", "aligned_inputs": False},
    "full": {
        "label_injection": "concat",
        "lambda_2": 0.3,
        "lambda_3": 1.0,
        "lambda_leak": 0.0,
        "lambda_skin": 0.0,
        "lambda_hair_length": 0.0,
    },
}
LITERAL: dict[str, object] = {
    **{"generator": "resnet9", "ngf": 64, "ngf_photo": None, "ndf": 64, "ndf_photo": None, "upsampling": "transposed"},
    **{"gan_mode": "vanilla", "lambda_cycle": 10.0, "cycle_noise": 0.0, "lambda_identity": 0.5, "identity_steps": 0},
    **{
        "lambda_background": 0.0,
        "r1_weight": 0.0,
        "discriminator_norm": "instance",
        "discriminator_scales": 1,
        "pool_size": 50,
    },
    **{"learning_rate": 2e-4, "beta1": 0.5, "decay_start": 0.5, "ema_decay": 0.0},
}


@pytest.mark.parametrize("variant", PAPER)
def test_the_paper_s_configs_hold_the_paper_s_values(
    variant: str, sample_root: Path, detector_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def record(cli: CartoonGANCLI, *args: object, **kwargs: object) -> None:
        seen.update(model=dict(cli.model.hparams), data=dict(cli.datamodule.hparams), epochs=cli.trainer.max_epochs)

    monkeypatch.setattr("lightning_modules.detector.default_weights", lambda: detector_weights)
    monkeypatch.setattr(CartoonGANCLI, "_run_subcommand", record)
    config = ROOT / "configs" / "paper" / f"cyclegan_{variant}.yaml"
    words = ["fit", "--config", str(config), "--data.root", str(sample_root), "--trainer.accelerator", "cpu"]
    with torch.device("meta") if variant in {"baseline", "cond"} else nullcontext():
        assert main([*words, "--trainer.default_root_dir", str(tmp_path)]) == 0
    expected = LITERAL | PAPER[variant]
    assert {name: seen["model"].get(name) for name in expected} == expected
    data = {"background": "keep", "image_size": 256, "batch_size": 1, "align_cartoons": False, "match_attributes": None}
    assert {name: seen["data"][name] for name in data} == data
    assert seen["epochs"] == 200


@pytest.mark.parametrize("size", sorted(path.name for path in (ROOT / "configs/sizes").glob("*.yaml")))
def test_a_size_goes_over_a_variant(size: str, sample_root: Path, tmp_path: Path) -> None:
    configs = ["--config", str(ROOT / "configs/cyclegan_cond.yaml"), "--config", str(ROOT / "configs/sizes" / size)]
    small = ["--model.ngf", "4", "--model.ngf_photo", "4", "--model.ndf", "4", "--model.ndf_photo", "4"]
    options = ["--trainer.fast_dev_run", "true", "--trainer.accelerator", "cpu", "--data.root", str(sample_root)]
    assert main(["fit", *configs, *small, *options, "--trainer.default_root_dir", str(tmp_path)]) == 0


MOST_STEPS = 2_000_000
"""Training steps of a shipped config at its own values: on full CelebA an epoch of every photo made them 32 million."""


def merged(config: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """A config with `base.yaml` under it, as the command sees it."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["fit", "--config", str(config), "--print_config"])
    assert not end.value.code
    config_of_the_command: dict[str, Any] = yaml.safe_load(capsys.readouterr().out)
    return config_of_the_command


@pytest.mark.parametrize("config", [path for path in CONFIGS if path.stem.startswith("cyclegan")], ids=lambda p: p.stem)
def test_a_cyclegan_ends_after_as_many_steps_on_any_set(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = merged(config, capsys)
    data, trainer = options["data"]["init_args"], options["trainer"]
    assert data["epoch_size"] == 10_000
    assert data["epoch_size"] // data["batch_size"] * trainer["max_epochs"] == MOST_STEPS


def test_the_length_of_an_epoch_is_of_the_cyclegans_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The other configs bring a data class and a length of their own."""
    for path in CONFIGS:
        data = merged(path, capsys)["data"]
        own = yaml.safe_load(path.read_text()).get("data", {}).get("init_args", {}).get("epoch_size")
        assert data["init_args"]["epoch_size"] == (own or 10_000)
        assert own or data["class_path"].endswith("FacesDataModule")
