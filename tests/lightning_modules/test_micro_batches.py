"""Gradient accumulation: a batch in parts trains as the whole batch does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning import LightningModule, Trainer
from torch import Tensor
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


def test_a_size_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--model.micro_batch_size is 0, must be 1 or more"):
        CycleGANBaseline(**SMALL, micro_batch_size=0)
