"""Adversarial losses against plain Python."""

from __future__ import annotations

import math
from math import exp, log
from typing import get_args

import pytest
import torch

from networks import AdversarialLoss, GanMode

REAL = [0.3, -1.7, 2.5, 0.0]
FAKE = [-0.4, 1.2, 0.9, -2.0, 3.0, -3.0]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def probability(logit: float) -> float:
    return 1 / (1 + exp(-logit))


def slow_generator(mode: GanMode, fake: list[float]) -> float:
    if mode == "vanilla":
        return mean([-log(probability(z)) for z in fake])
    if mode == "lsgan":
        return mean([(z - 1) ** 2 for z in fake])
    return mean([-z for z in fake])


def slow_discriminator(mode: GanMode, real: list[float], fake: list[float]) -> float:
    if mode == "vanilla":
        return (mean([-log(probability(z)) for z in real]) + mean([-log(1 - probability(z)) for z in fake])) / 2
    if mode == "lsgan":
        return (mean([(z - 1) ** 2 for z in real]) + mean([z**2 for z in fake])) / 2
    return (mean([max(0.0, 1 - z) for z in real]) + mean([max(0.0, 1 + z) for z in fake])) / 2


@pytest.mark.parametrize("mode", get_args(GanMode))
def test_equals_the_formula(mode: GanMode) -> None:
    loss = AdversarialLoss(mode)
    real, fake = torch.tensor(REAL).view(1, 1, 2, 2), torch.tensor(FAKE).view(2, 1, 1, 3)
    assert loss.generator(fake).item() == pytest.approx(slow_generator(mode, FAKE), rel=1e-5)
    assert loss.discriminator(real, fake).item() == pytest.approx(slow_discriminator(mode, REAL, FAKE), rel=1e-5)


@pytest.mark.parametrize("mode", get_args(GanMode))
def test_only_what_counts_counts(mode: GanMode) -> None:
    """One face of four: its loss is that of a batch of itself, the others have no gradient, whatever their logits."""
    loss, counts = AdversarialLoss(mode), torch.tensor([False, True, False, False])
    logits = torch.tensor([[9.0, -9.0], [0.3, -1.2], [math.inf, 3.0], [-8.0, 8.0]], requires_grad=True)
    real = torch.tensor([REAL]).T
    alone = torch.tensor([[0.3, -1.2]], requires_grad=True)
    real_counts = torch.tensor([True, False, True, False])
    for ours, expected in (
        (loss.generator(logits, counts), loss.generator(alone)),
        (
            loss.discriminator(real, logits, real_counts, counts),
            loss.discriminator(real[[0, 2]], alone),
        ),
    ):
        torch.testing.assert_close(ours, expected)
        (gradient,), (gradient_alone,) = torch.autograd.grad(ours, [logits]), torch.autograd.grad(expected, [alone])
        torch.testing.assert_close(gradient[1:2], gradient_alone)
        assert (gradient[[0, 3]] == 0).all()


@pytest.mark.parametrize("mode", get_args(GanMode))
def test_nothing_that_counts_is_no_loss(mode: GanMode) -> None:
    loss, none = AdversarialLoss(mode), torch.zeros(3, dtype=torch.bool)
    logits = torch.ones(3, 1, 2, 2, requires_grad=True)
    for value in (loss.generator(logits, none), loss.discriminator(logits, logits, none, none)):
        assert value.item() == 0
        (gradient,) = torch.autograd.grad(value, [logits])
        assert (gradient == 0).all()


@pytest.mark.parametrize("mode", get_args(GanMode))
def test_gradients_pull_the_right_way(mode: GanMode) -> None:
    loss = AdversarialLoss(mode)
    real, fake = torch.full((2, 1, 3, 3), -0.5, requires_grad=True), torch.full((2, 1, 3, 3), 0.5, requires_grad=True)
    from_discriminator = torch.autograd.grad(loss.discriminator(real, fake), [real, fake])
    (from_generator,) = torch.autograd.grad(loss.generator(fake), [fake])
    assert (from_discriminator[0] < 0).all()
    assert (from_discriminator[1] > 0).all()
    assert (from_generator < 0).all()


def test_a_caught_generator_still_learns() -> None:
    fake = torch.tensor([-100.0], requires_grad=True)
    loss = AdversarialLoss("vanilla").generator(fake)
    assert loss.item() == pytest.approx(100)
    (gradient,) = torch.autograd.grad(loss, [fake])
    assert gradient.item() == pytest.approx(-1)


@pytest.mark.parametrize("mode", get_args(GanMode))
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_computes_in_float32(mode: GanMode, dtype: torch.dtype) -> None:
    loss = AdversarialLoss(mode)
    logits = torch.linspace(-3, 300, 64).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        low = torch.stack([loss.generator(logits), loss.discriminator(logits, logits)])
    exact = torch.stack([loss.generator(logits.double()), loss.discriminator(logits.double(), logits.double())])
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, exact, rtol=1e-5, atol=0)


def test_an_unknown_mode_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"'wgan'.*vanilla, lsgan, hinge"):
        AdversarialLoss("wgan")  # type: ignore[arg-type]
