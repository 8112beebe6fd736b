from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lightning_modules.metrics.told_apart import MIN_SAMPLES, told_apart


def samples(count: int, shift: float = 0.0, seed: int = 0) -> Tensor:
    features = torch.randn(count, 20, generator=torch.Generator().manual_seed(seed))
    features[:, 0] += shift
    return features


def test_equal_sets_are_told_apart_by_chance() -> None:
    assert told_apart(samples(1500), samples(1500, seed=1)) == pytest.approx(0.5, abs=0.05)


def test_far_sets_are_told_apart_without_mistake() -> None:
    assert told_apart(samples(100), samples(60, 20.0, seed=1)) == 1


def test_it_nears_the_best_possible_answer() -> None:
    """Two unit Gaussians two deviations apart: no classifier is right more often than 84 %."""
    found = told_apart(samples(800), samples(800, 2.0, seed=1))
    assert found == pytest.approx(0.841, abs=0.03)


def test_sets_of_different_size_weigh_the_same() -> None:
    found = told_apart(samples(1500), samples(150, 2.0, seed=1))
    assert found == pytest.approx(0.841, abs=0.05)


def test_too_few_samples_have_no_answer() -> None:
    assert told_apart(samples(MIN_SAMPLES - 1), samples(50)) is None
