"""The error of landmarks against planted shifts and a loop over points."""

from __future__ import annotations

import math
from statistics import median

import pytest
import torch
from torch import Tensor

from lightning_modules.metrics import LandmarkError, landmark_errors


def some_faces(count: int, seed: int = 0) -> Tensor:
    """Landmarks at random, eyes 40 to 80 px apart."""
    generator = torch.Generator().manual_seed(seed)
    mean_face = torch.tensor([[0.0, 0], [1, 0], [0.5, 0.6], [0.05, 1.1], [0.95, 1.1]])
    sides = 40 + 40 * torch.rand(count, 1, 1, generator=generator)
    return 300 * torch.rand(count, 1, 2, generator=generator) + sides * mean_face


@pytest.mark.parametrize("direction", [0.0, 0.7, 2.5])
def test_a_shift_by_five_percent_is_an_error_of_five_percent(direction: float) -> None:
    truth = some_faces(7)
    between_eyes = (truth[:, :1, 0] - truth[:, 1:2, 0]).abs()[..., None]
    shift = 0.05 * between_eyes * torch.tensor([math.cos(direction), math.sin(direction)])
    metric = LandmarkError()
    metric.update(truth + shift, truth)
    summary = metric.compute()
    assert float(summary.mean) == pytest.approx(0.05, rel=1e-4)
    assert float(summary.median) == pytest.approx(0.05, rel=1e-4)
    assert summary.per_point.tolist() == pytest.approx([0.05] * 5, rel=1e-4)
    assert float(summary.share_over_10_percent) == 0


def test_each_point_counts_a_fifth_of_its_face() -> None:
    truth = torch.tensor([[[0.0, 0], [30, 40], [20, 30], [0, 60], [40, 60]]])  # eyes 50 px apart
    predicted = truth.clone()
    predicted[0, 2] += torch.tensor([-15.0, 20])  # by 25 px
    predicted[0, 4, 1] += 5
    metric = LandmarkError()
    metric.update(predicted, truth)
    summary = metric.compute()
    assert summary.per_point.tolist() == pytest.approx([0, 0, 0.5, 0, 0.1])
    assert float(summary.mean) == pytest.approx(0.12)
    assert float(summary.share_over_10_percent) == 1


@pytest.mark.parametrize("count", [1, 8, 9])
def test_batches_add_up_to_what_a_loop_finds(count: int) -> None:
    truth = some_faces(count)
    predicted = truth + 6 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    metric = LandmarkError()
    for part in (slice(0, 3), slice(3, 3), slice(3, None)):
        metric.update(predicted[part], truth[part])
    summary = metric.compute()
    faces = []
    for found, true in zip(predicted.tolist(), truth.tolist(), strict=True):
        eyes = math.dist(true[0], true[1])
        faces.append(sum(math.dist(*points) / eyes for points in zip(found, true, strict=True)) / 5)
    assert float(summary.mean) == pytest.approx(sum(faces) / count)
    assert float(summary.median) == pytest.approx(median(faces))
    assert float(summary.share_over_10_percent) == pytest.approx(sum(face > 0.1 for face in faces) / count)
    assert float(summary.per_point.mean()) == pytest.approx(float(summary.mean))


def test_without_a_face_there_is_no_error() -> None:
    metric = LandmarkError()
    metric.update(torch.empty(0, 5, 2), torch.empty(0, 5, 2))
    summary = metric.compute()
    assert summary.per_point.shape == (5,)
    assert all(bool(figure.isnan().all()) for figure in summary)


@pytest.mark.parametrize("eye", [torch.tensor([7.0, 9.0]), torch.tensor([torch.nan, 1.0])])
def test_faces_without_a_distance_between_the_eyes_are_refused(eye: Tensor) -> None:
    truth = some_faces(3)
    truth[1, 0], truth[1, 1] = eye, torch.tensor([7.0, 9.0])
    with pytest.raises(ValueError, match="the true eyes of face 1 coincide or are unknown"):
        landmark_errors(some_faces(3), truth)


@pytest.mark.parametrize("shape", [(2, 5, 2), (3, 10), (3, 4, 2)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected two \\(N, 5, 2\\) tensors"):
        landmark_errors(torch.zeros(shape), some_faces(3) if shape[0] == 2 else torch.zeros(shape))
