"""Every shipped config, found by itself, runs through the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightning_modules.cli import main

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(path for path in (ROOT / "configs").glob("*.yaml") if path.name != "base.yaml")


CYCLEGAN = [*("--data.image_size", "32", "--data.batch_size", "2"), *("--model.ngf", "4", "--model.ndf", "4")]
SMALL = {
    "mtcnn": ["--data.batch_size", "32", "--data.epoch_size", "32", "--data.val_size", "32"],
    "portrait": ["--data.batch_size", "4", "--data.epoch_size", "8", "--data.image_size", "32"],
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
