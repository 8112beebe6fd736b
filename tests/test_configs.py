"""Every shipped config, found by itself, runs through the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightning_modules.cli import main

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(path for path in (ROOT / "configs").rglob("*.yaml") if path.name != "base.yaml")


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_config_trains(config: Path, sample_root: Path, tmp_path: Path) -> None:
    options = [
        *("--trainer.fast_dev_run", "true", "--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
        *("--trainer.default_root_dir", str(tmp_path), "--data.root", str(sample_root)),
        *("--data.image_size", "32", "--data.batch_size", "2", "--data.num_workers", "0"),
        *("--model.ngf", "4", "--model.ndf", "4"),
    ]
    assert main(["fit", "--config", str(config), *options]) == 0
