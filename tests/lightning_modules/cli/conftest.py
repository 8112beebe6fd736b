"""Runs of the ``lightning`` command in this process, as small as they get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_modules.cli import main

SMALL = [
    *("--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
    *("--data.image_size", "32", "--data.batch_size", "2", "--data.num_workers", "0"),
    *("--model.ngf", "4", "--model.ndf", "4", "--model.generator", "resnet6", "--model.lambda_identity", "0.5"),
]

Lightning = Callable[..., int]


@pytest.fixture
def lightning(sample_root: Path, tmp_path: Path) -> Lightning:
    """``lightning(subcommand, *options)`` with the baseline's config, sample data and runs in ``tmp_path / "runs"``."""

    def run(subcommand: str, *options: str, config: str = "configs/cyclegan_baseline.yaml", small: bool = True) -> int:
        data = ["--data.root", str(sample_root), "--trainer.default_root_dir", str(tmp_path / "runs")]
        return main([subcommand, "--config", config, *data, *(SMALL if small else []), *options])

    return run
