"""What the tests of the apps share."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightning_modules.cli import main


@pytest.fixture(scope="session")
def trained_runs(tmp_path_factory: pytest.TempPathFactory, sample_root: Path) -> Path:
    """A run of one step of the baseline and of the conditional variant."""
    folder = tmp_path_factory.mktemp("trained_runs")
    for variant in ("baseline", "cond"):
        code = main(
            [
                *("fit", "--config", f"configs/cyclegan_{variant}.yaml", "--data.root", str(sample_root), "--run", "a"),
                *("--data.image_size", "32", "--data.batch_size", "2", "--data.num_workers", "0"),
                *("--model.ngf", "4", "--model.ndf", "4", "--model.generator", "resnet6", "--model.ema_decay", "0.5"),
                *("--trainer.max_steps", "2", "--trainer.limit_val_batches", "0", "--trainer.accelerator", "cpu"),
                *("--trainer.default_root_dir", str(folder), "--trainer.enable_progress_bar", "false"),
            ]
        )
        assert code == 0
    return folder
