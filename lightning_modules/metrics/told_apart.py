"""Classifier two-sample test (Lopez-Paz and Oquab 2017): how well a classifier separates two sets of images."""

from __future__ import annotations

import torch
from torch import Tensor

FOLDS = 5
MIN_SAMPLES = 2 * FOLDS
"""Minimum number of samples per set."""

_RIDGE = 1.0


def told_apart(real: Tensor, generated: Tensor) -> float | None:
    """Balanced accuracy of a linear classifier in feature space, cross-validated over the samples.

    Kernel ridge regression on standardised features, with equal total weight of both sets. Each sample is classified by
    a model that was not trained on it.

    Args:
        real: (N, D) features of real images.
        generated: (M, D) features of generated images.

    Returns:
        From 0 to 1: 0.5 for indistinguishable sets, 1 for perfect separation; None below ``MIN_SAMPLES``.
    """
    if min(len(real), len(generated)) < MIN_SAMPLES:
        return None
    features = torch.cat([real, generated]).double()
    truth = torch.cat([torch.ones(len(real)), -torch.ones(len(generated))]).to(features)
    generator = torch.Generator().manual_seed(0)
    folds = [torch.randperm(count, generator=generator) % FOLDS for count in (len(real), len(generated))]
    fold = torch.cat(folds).to(features.device)
    hits = torch.cat([_hits(features, truth, fold == number) for number in range(FOLDS)])
    order = torch.cat([(fold == number).nonzero().flatten() for number in range(FOLDS)])
    is_real = truth[order] > 0
    return float((hits[is_real].mean() + hits[~is_real].mean()) / 2)


def _hits(features: Tensor, truth: Tensor, is_held_out: Tensor) -> Tensor:
    """For each held-out sample, whether a classifier trained on the others is correct: 1 or 0."""
    train, test, target = features[~is_held_out], features[is_held_out], truth[~is_held_out]
    mean, deviation = train.mean(dim=0), train.std(dim=0).clamp(min=1e-6)
    train, test = (train - mean) / deviation, (test - mean) / deviation
    frequency = torch.where(target > 0, (target > 0).double().mean(), (target < 0).double().mean())
    width = features.shape[1]
    kernel = train @ train.T / width + 1.0  # the constant acts as the bias
    dual = torch.linalg.solve(kernel + _RIDGE / width * len(target) * torch.diag(frequency), target)
    score = (test @ train.T / width + 1.0) @ dual
    is_correct: Tensor = (score > 0) == (truth[is_held_out] > 0)
    return is_correct.double()
