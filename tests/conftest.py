"""What all tests share: sample data made by the project itself, and a quiet, offline environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["WANDB_MODE"] = "disabled"  # tests of the W&B logger set their own
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: one core for each worker


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small versions of all four data sets."""
    from datamodules.sample_data import write_sample_data

    root = tmp_path_factory.mktemp("data") / "sample"
    write_sample_data(root, count=24, seed=0, progress=False)
    return root


@pytest.fixture(autouse=True)
def _untouched_environment() -> Iterator[None]:
    """Undo what a run leaves in the environment."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
