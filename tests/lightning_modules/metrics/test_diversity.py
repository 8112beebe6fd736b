from __future__ import annotations

import itertools
import math

import pytest
import torch

from lightning_modules.metrics import Diversity


def root_mean_square(features: torch.Tensor) -> float:
    """Over all pairs, one by one."""
    squares = [float((a - b).square().sum()) for a, b in itertools.combinations(features.double(), 2)]
    return math.sqrt(sum(squares) / len(squares))


def test_it_is_the_distance_over_all_pairs() -> None:
    generator = torch.Generator().manual_seed(0)
    generated, real = torch.randn(13, 6, generator=generator) + 50, 3 * torch.randn(9, 6, generator=generator)
    metric = Diversity(6)
    for features, is_real in ((generated[:5], False), (real, True), (generated[5:], False)):
        metric.update(features, is_real)
    summary = metric.compute()
    assert float(summary.generated) == pytest.approx(root_mean_square(generated))
    assert float(summary.real) == pytest.approx(root_mean_square(real))
    assert float(summary.ratio) == pytest.approx(root_mean_square(generated) / root_mean_square(real))
    assert summary.samples == 13


def test_a_collapsed_generator_has_none() -> None:
    metric = Diversity(4)
    metric.update(torch.ones(5, 4), real=False)
    metric.update(torch.eye(4), real=True)
    assert float(metric.compute().ratio) == pytest.approx(0, abs=1e-6)
