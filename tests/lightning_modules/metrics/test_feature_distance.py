from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from lightning_modules.metrics import FeatureDistance
from lightning_modules.metrics.feature_distance import MIN_FRECHET_SAMPLES


def normal(count: int, seed: int, width: int = 5) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def distance_of(generated: Tensor, real: Tensor) -> FeatureDistance:
    metric = FeatureDistance(generated.shape[1])
    for part in torch.split(generated, 300):
        metric.update(part, real=False)
    for part in torch.split(real, 500):
        metric.update(part, real=True)
    return metric


def test_frechet_is_the_planted_shift() -> None:
    real = normal(MIN_FRECHET_SAMPLES, 0)
    shifted = distance_of(2 * real + 3, real).compute()
    mean, covariance = real.double().mean(dim=0), real.double().T.cov()
    # Of N(2m + 3, 4S) and N(m, S): |m + 3|^2 + tr(4S + S - 2 * 2S)
    expected = float((mean + 3).square().sum() + covariance.trace())
    assert shifted.frechet == pytest.approx(expected, rel=1e-3)
    assert (shifted.generated, shifted.real) == (MIN_FRECHET_SAMPLES, MIN_FRECHET_SAMPLES)


def test_frechet_is_kept_back_below_its_number_of_samples() -> None:
    enough, fewer = normal(MIN_FRECHET_SAMPLES, 0), normal(MIN_FRECHET_SAMPLES - 1, 1)
    assert distance_of(enough, fewer).compute().frechet is None
    assert distance_of(fewer, enough).compute().frechet is None


def test_kernel_distance_is_that_of_the_formula() -> None:
    generated, real = normal(40, 0) + 1, normal(30, 1)
    found = distance_of(generated, real).compute()
    assert found.subset == 15
    assert found.kernel == pytest.approx(unbiased_mmd(generated, real), rel=0.15)
    assert found.kernel_deviation is not None
    assert found.kernel_deviation > 0


def unbiased_mmd(first: Tensor, second: Tensor) -> float:
    """Of all samples, with the cubic kernel of Binkowski et al. (2018), pair by pair."""

    def kernel(a: Tensor, b: Tensor) -> float:
        return (float(a.double() @ b.double()) / len(a) + 1) ** 3

    def within(features: Tensor) -> float:
        pairs = [kernel(a, b) for i, a in enumerate(features) for j, b in enumerate(features) if i != j]
        return float(np.mean(pairs))

    return within(first) + within(second) - 2 * float(np.mean([kernel(a, b) for a in first for b in second]))


def test_the_same_distribution_is_near_and_another_far() -> None:
    near = distance_of(normal(200, 0), normal(200, 1)).compute()
    far = distance_of(normal(200, 0) + 0.5, normal(200, 1)).compute()
    assert near.kernel is not None
    assert far.kernel is not None
    assert abs(near.kernel) < 0.1 * far.kernel


def test_the_subsets_are_the_same_each_time() -> None:
    metric = distance_of(normal(50, 0), normal(50, 1))
    before = torch.random.get_rng_state()
    first = metric.compute()
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(1)
    assert distance_of(normal(50, 0), normal(50, 1)).compute() == first


def test_too_few_samples_have_no_distance() -> None:
    found = distance_of(normal(3, 0), normal(50, 1)).compute()
    assert found.kernel is None
    assert found.frechet is None
