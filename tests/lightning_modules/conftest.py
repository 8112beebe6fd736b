"""Small faces and a small model, so that a training step takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader, Dataset

from datamodules.samples import Faces, UnpairedBatch


class RandomFaces(Dataset[UnpairedBatch]):
    """Noise that looks like faces to a network: the same at every run."""

    def __init__(self, length: int = 8, side: int = 16) -> None:
        self.length, self.side = length, side

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> UnpairedBatch:
        generator = torch.Generator().manual_seed(index)

        def faces() -> Faces:
            image = torch.rand(3, self.side, self.side, generator=generator) * 2 - 1
            landmarks = torch.rand(5, 2, generator=generator) * self.side
            return Faces(image, landmarks, torch.tensor(index % 4))

        return UnpairedBatch(faces(), faces())


@pytest.fixture
def make_faces() -> Callable[..., RandomFaces]:
    """``make_faces(length=8, side=16)``: a data set of noise."""
    return RandomFaces


@pytest.fixture
def loader() -> DataLoader[UnpairedBatch]:
    """Four batches of two."""
    return DataLoader(RandomFaces(), batch_size=2)


@pytest.fixture
def make_trainer(tmp_path: Any) -> Callable[..., Trainer]:
    """A trainer that runs on the CPU and leaves nothing behind but what it is asked for."""

    def make(**options: Any) -> Trainer:
        settings = {
            "accelerator": "cpu",
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "default_root_dir": tmp_path,
            "log_every_n_steps": 1,
        }
        return Trainer(**(settings | options))

    return make
