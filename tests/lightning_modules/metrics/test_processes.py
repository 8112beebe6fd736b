"""Both metrics over two real processes, of which one sees little or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import start_processes

from lightning_modules.metrics import DetectionPrecision, LandmarkError, TrueBoxes
from networks.mtcnn import Detections

IMAGES = 5
SHARES = {"uneven": (range(1), range(1, IMAGES)), "one idle": (range(IMAGES), range(0))}


def measure(images: range) -> tuple[Tensor, Tensor]:
    """All figures of both metrics over some images of noise, one number after the other."""
    precision, error = DetectionPrecision(), LandmarkError()
    for image in images:
        generator = torch.Generator().manual_seed(image)
        boxes = torch.tensor([[0.0, 0, 30, 30], [50, 50, 80, 80], [50, 0, 80, 30]])
        moved = boxes + 4 * torch.randn(boxes.shape, generator=generator)
        found = Detections(moved, torch.rand(len(boxes), generator=generator), torch.zeros(len(boxes), 5, 2))
        precision.update([found], [TrueBoxes(boxes, torch.tensor([False, True, False]))])
        truth = 50 * torch.rand(image + 1, 5, 2, generator=generator)
        error.update(truth + torch.randn(truth.shape, generator=generator), truth)
    return torch.hstack([figure.flatten() for figure in precision.compute()]), torch.hstack(error.compute())


def work(rank: int, folder: Path) -> None:
    """What one of two processes does; a copy of this one, with its modules but without its threads."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    figures = {name: measure(shares[rank]) for name, shares in SHARES.items()}
    torch.save(figures, folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric")
def test_two_processes_count_as_one(tmp_path: Path) -> None:
    start_processes(work, (tmp_path,), nprocs=2, start_method="fork")  # type: ignore[no-untyped-call]
    expected = measure(range(IMAGES))
    for rank in range(2):
        figures = torch.load(tmp_path / f"{rank}.pt")
        for name in SHARES:
            for together, alone in zip(figures[name], expected, strict=True):
                torch.testing.assert_close(together, alone)
