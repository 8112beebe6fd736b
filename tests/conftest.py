"""What all tests share: sample data made by the project itself, and a quiet, offline environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightning_modules.openmp import let_threads_sleep

os.environ["WANDB_MODE"] = "disabled"  # tests of the W&B logger set their own
let_threads_sleep()  # as the commands do, before torch is imported
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: one core for each worker


@pytest.fixture(scope="session")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small versions of all four data sets."""
    from datamodules.sample_data import write_sample_data

    root = tmp_path_factory.mktemp("data") / "sample"
    write_sample_data(root, count=24, seed=0, progress=False)
    return root


@pytest.fixture(scope="session")
def detector_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector's file: untrained, but its landmarks are those of an average face and move with the image."""
    import torch

    from datamodules.transforms.face_box import MEAN_FACE
    from networks.mtcnn import MTCNN, Card, save_weights

    with torch.random.fork_rng():
        torch.manual_seed(0)
        nets = MTCNN()
    with torch.no_grad():
        nets.onet.get_parameter("landmarks.weight").mul_(10)
        nets.onet.get_parameter("landmarks.bias").copy_(MEAN_FACE.flatten())
    path = tmp_path_factory.mktemp("detector") / "untrained.safetensors"
    save_weights(nets, Card("tests"), path)
    return path


@pytest.fixture(autouse=True)
def _untouched_environment() -> Iterator[None]:
    """Undo what a run leaves in the environment."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
