"""Fréchet and kernel distance between two sets of images in a network's feature space."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchmetrics.image import FrechetInceptionDistance, KernelInceptionDistance
from torchmetrics.utilities import dim_zero_cat

from lightning_modules.metrics.told_apart import MIN_SAMPLES, told_apart

MIN_FRECHET_SAMPLES = 2048
"""Minimum number of samples per set; with fewer, the Fréchet distance is dominated by sample size."""

SUBSETS = 100
LARGEST_SUBSET = 1000
_LEAST_KERNEL = 4


class DistanceSummary(NamedTuple):
    """Distances between generated and real images.

    Attributes:
        frechet: Fréchet distance (Heusel et al. 2017); None below ``MIN_FRECHET_SAMPLES`` samples.
        kernel: Kernel distance (Binkowski et al. 2018), mean over subsets; None with too few samples.
        kernel_deviation: Its standard deviation over the subsets; None with too few samples.
        subset: Size of a subset, at most half of the smaller set.
        told_apart: See ``told_apart``; None with too few samples.
        generated: Number of generated images.
        real: Number of real images.
    """

    frechet: float | None
    kernel: float | None
    kernel_deviation: float | None
    subset: int
    told_apart: float | None
    generated: int
    real: int


class FeatureDistance(nn.Module):
    """Both distances of torchmetrics on features that are extracted once.

    Args:
        num_features: Length of a feature vector.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warns that the kernel distance stores all features
            self.frechet = FrechetInceptionDistance(_Features(num_features))
            self.kernel = KernelInceptionDistance(_Features(num_features), subsets=SUBSETS)

    def update(self, features: Tensor, real: bool) -> None:
        """Add images.

        Args:
            features: Their features (N, num_features); N may be 0.
            real: Whether they are real.
        """
        if len(features):
            self.frechet.update(features, real)
            self.kernel.update(features, real)

    def compute(self) -> DistanceSummary:
        """The result over all images of all processes, with deterministic subsets."""
        with self.frechet.sync_context():
            generated = int(self.frechet.fake_features_num_samples)
            real = int(self.frechet.real_features_num_samples)
        fewest = min(generated, real)
        subset = min(fewest // 2, LARGEST_SUBSET)
        self.kernel.subset_size = subset
        mean = deviation = None
        if fewest >= _LEAST_KERNEL:
            with torch.random.fork_rng():
                torch.manual_seed(0)
                mean, deviation = (float(value) for value in self.kernel.compute())
        apart = None
        if fewest >= MIN_SAMPLES:
            with self.kernel.sync_context():
                apart = told_apart(dim_zero_cat(self.kernel.real_features), dim_zero_cat(self.kernel.fake_features))
        frechet = float(self.frechet.compute()) if fewest >= MIN_FRECHET_SAMPLES else None
        return DistanceSummary(frechet, mean, deviation, subset, apart, generated, real)

    def reset(self) -> None:
        """Remove all images."""
        self.frechet.reset()
        self.kernel.reset()


class _Features(nn.Module):
    """Passes precomputed features through."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features
