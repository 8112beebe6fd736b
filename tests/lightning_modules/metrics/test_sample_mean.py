from __future__ import annotations

import numpy as np
import pytest
import torch

from lightning_modules.metrics import SampleMean


def test_mean_and_standard_error_are_those_of_all_samples() -> None:
    values = torch.randn(37, generator=torch.Generator().manual_seed(0)) * 3 + 100
    metric = SampleMean()
    for part in torch.split(values, 5):
        metric.update(part)
    metric.update(torch.empty(0))
    summary = metric.compute()
    assert float(summary.mean) == pytest.approx(values.double().numpy().mean())
    assert float(summary.error) == pytest.approx(values.double().numpy().std(ddof=1) / np.sqrt(37), rel=1e-6)
    assert summary.samples == 37


def test_planted_hits_are_an_accuracy() -> None:
    metric = SampleMean()
    metric.update(torch.tensor([True, True, False]))
    metric.update(torch.tensor([True]))
    assert float(metric.compute().mean) == 0.75


def test_nothing_has_no_mean_and_one_sample_no_error() -> None:
    metric = SampleMean()
    metric.update(torch.empty(0))
    assert torch.isnan(metric.compute().mean)
    metric.update(torch.tensor([2.0]))
    summary = metric.compute()
    assert float(summary.mean) == 2
    assert torch.isnan(summary.error)
