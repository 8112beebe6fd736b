"""Every shipped config, found by itself, runs through the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lightning_modules.cli import main

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(path for path in (ROOT / "configs").glob("*.yaml") if path.name != "base.yaml")


CYCLEGAN = [*("--data.image_size", "32", "--data.batch_size", "2"), *("--model.ngf", "4", "--model.ndf", "4")]
SMALL = {
    "mtcnn": ["--data.batch_size", "32", "--data.epoch_size", "32", "--data.val_size", "32"],
    "probe": ["--data.batch_size", "4", "--data.epoch_size", "8"],
}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
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
