"""Gradient accumulation: a batch in parts trains as the whole batch does.

Run as a program it is one of two processes: ``test_micro_batches.py FOLDER`` trains on the ``batches.pt`` in a folder
and writes what it recorded.
"""

# Without postponed annotations: DistributedDataParallel compares those of a hook with its classes.

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from lightning import LightningModule, Trainer
from torch import Tensor
from torch.distributed import GradBucket, ProcessGroup, group  # type: ignore[attr-defined]  # GradBucket
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from datamodules.samples import UnpairedBatch
from lightning_modules import CycleGANCond
from lightning_modules.base import BaseCycleGAN, TermsCallback
from lightning_modules.cyclegan_baseline import CycleGANBaseline
from lightning_modules.errors import UsageError
from lightning_modules.micro_batches import mean_terms, micro_batches
from lightning_modules.terms import Term, Terms

MakeTrainer = Callable[..., Trainer]
SMALL: dict[str, Any] = {"generator": "resnet6", "ngf": 2, "ndf": 2}


class Record(TermsCallback):
    """The gradients at each step of an optimiser, and how often terms are shown."""

    def __init__(self) -> None:
        self.gradients: list[list[Tensor]] = []
        self.shown = 0

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        self.gradients.append([each.grad.clone() for each in parameters])

    def on_generator_terms(self, trainer: Trainer, pl_module: BaseCycleGAN, terms: Terms) -> None:
        self.shown += 1


class RecordReductions(Record):
    """Also how often processes add up their gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.reductions = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        cast(DistributedDataParallel, trainer.strategy.model).register_comm_hook(group.WORLD, self.reduce)

    def reduce(self, processes: ProcessGroup, bucket: GradBucket) -> torch.futures.Future[Tensor]:
        """Average gradients over the processes, as is done without a hook."""
        self.reductions += bucket.is_last()
        return allreduce_hook(processes, bucket)


def first_batch(loader: Any) -> UnpairedBatch:
    batch: UnpairedBatch = next(iter(loader))
    return batch


@pytest.mark.parametrize(("size", "lengths"), [(None, [5]), (9, [5]), (5, [5]), (2, [2, 2, 1]), (1, [1] * 5)])
def test_a_batch_is_divided(size: int | None, lengths: list[int], make_faces: Callable[..., Any]) -> None:
    whole = first_batch(DataLoader(make_faces(5), batch_size=5))
    parts = micro_batches(whole, size)
    assert [len(part.batch.photo.image) for part in parts] == lengths
    for domain in (0, 1):
        for field in range(4):
            joined = torch.cat([part.batch[domain][field] for part in parts])
            assert torch.equal(joined, whole[domain][field])
    assert sum(part.share for part in parts) == pytest.approx(1)
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]


def test_terms_are_averaged_by_size(make_faces: Callable[..., Any]) -> None:
    parts = micro_batches(first_batch(DataLoader(make_faces(3), batch_size=3)), 2)
    terms = [{"cycle": Term(torch.tensor(value), 10.0)} for value in (3.0, 6.0)]
    mean = mean_terms(terms, parts)["cycle"]
    assert mean.value.item() == pytest.approx(4.0)
    assert mean.weight == 10.0


@pytest.mark.parametrize(
    ("model_class", "options"),
    [
        (CycleGANBaseline, {"cycle_noise": 0.1, "r1_weight": 1.0, "r1_interval": 2, "ema_decay": 0.9}),
        (CycleGANCond, {"wrong_labels": True, "random_target_share": 0.5, "lambda_identity": 0.0}),
    ],
)
def test_parts_train_as_the_whole_batch(
    model_class: type[BaseCycleGAN], options: dict[str, Any], make_faces: Callable[..., Any], make_trainer: MakeTrainer
) -> None:
    """Gradients of every update, steps, averages, pools and logged losses; later steps differ by more than rounding."""
    loader = DataLoader(make_faces(10, side=32), batch_size=5)
    results = []
    for size in (None, 2):
        torch.manual_seed(0)
        model = model_class(**SMALL, **options, pool_size=3, micro_batch_size=size)
        record = Record()
        trainer = make_trainer(max_epochs=1, precision="32-true", callbacks=[record])
        trainer.fit(model, loader)
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        results.append((model, record, logged, trainer.global_step))
    (whole, by_whole, whole_logged, steps), (parted, by_parts, parts_logged, parted_steps) = results
    assert steps == parted_steps == by_whole.shown == by_parts.shown == 2
    assert len(by_parts.gradients) == len(by_whole.gradients) == 4
    for gradients, expected in zip(by_parts.gradients, by_whole.gradients, strict=True):
        torch.testing.assert_close(gradients, expected, rtol=1e-3, atol=1e-4)
    assert parts_logged == pytest.approx(whole_logged, rel=1e-4)
    assert any(name.startswith("train/r1") for name in parts_logged) == ("r1_weight" in options)
    ours, theirs = parted.state_dict(), whole.state_dict()
    assert list(ours) == list(theirs)
    samples = [state["pools.cartoon._extra_state"]["samples"] for state in (ours, theirs)]
    for one, other in zip(*samples, strict=True):
        torch.testing.assert_close(one["image"], other["image"], rtol=0, atol=1e-2)


@pytest.mark.timeout(600)
def test_two_processes_add_up_gradients_once_per_update(make_faces: Callable[..., Any], tmp_path: Path) -> None:
    """Their gradients and weights are those of whole batches."""
    torch.save(list(DataLoader(make_faces(8, side=32), batch_size=2)), tmp_path / "batches.pt")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = [
        subprocess.Popen(
            [sys.executable, __file__, str(tmp_path)],
            env=os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=500) for process in running] == [0, 0]
    finally:
        for process in running:
            process.kill()
    for rank in range(2):
        whole, parts = torch.load(tmp_path / f"rank_{rank}.pt", weights_only=True)
        assert parts["reductions"] == whole["reductions"] == len(parts["gradients"]) == 4
        for gradients, expected in zip(parts["gradients"], whole["gradients"], strict=True):
            torch.testing.assert_close(gradients, expected, rtol=1e-3, atol=1e-4)
        for name, weight in whole["weights"].items():
            if weight.dim() == 4:  # the gradient of a bias before a norm is rounding alone
                torch.testing.assert_close(parts["weights"][name], weight, rtol=0, atol=1e-5)


def train_in_two_processes(folder: Path) -> None:
    """Train with whole batches and with parts, on every second batch."""
    rank = int(os.environ["LOCAL_RANK"])
    batches = torch.load(folder / "batches.pt", weights_only=False)
    loader = DataLoader(batches, batch_size=None, sampler=range(rank, len(batches), 2))
    results = []
    for size in (None, 1):
        torch.manual_seed(0)
        model = CycleGANCond(
            **SMALL,
            label_injection="modulation",
            wrong_labels=True,
            random_target_share=0.5,
            cycle_noise=0.1,
            r1_weight=1.0,
            micro_batch_size=size,
        )
        record = RecordReductions()
        trainer = Trainer(
            accelerator="cpu",
            devices=2,
            strategy="ddp_find_unused_parameters_true",
            max_epochs=1,
            use_distributed_sampler=False,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            callbacks=[record],
        )
        trainer.fit(model, loader)
        weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
        results.append({"gradients": record.gradients, "reductions": record.reductions, "weights": weights})
    torch.save(results, folder / f"rank_{rank}.pt")


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--model.micro_batch_size is 0, must be 1 or more"):
        CycleGANBaseline(**SMALL, micro_batch_size=0)


if __name__ == "__main__":
    train_in_two_processes(Path(sys.argv[1]))
