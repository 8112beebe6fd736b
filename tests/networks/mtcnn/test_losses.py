from __future__ import annotations

import math

import pytest
import torch

from networks.mtcnn import PNet, StageOutput, of_crops, stage_losses
from networks.mtcnn.losses import hard_cross_entropy

NAN = float("nan")


def output(count: int) -> StageOutput:
    torch.manual_seed(0)
    return StageOutput(
        *(torch.randn(count, *shape, requires_grad=True) for shape in ((2,), (4,), (5, 2))),
    )


def test_each_loss_is_over_the_crops_with_its_label() -> None:
    found = output(6)
    face = torch.tensor([0, 1, 1, -1, -1, 0])
    box, landmarks = torch.randn(6, 4), torch.randn(6, 5, 2)
    box[[0, 4, 5]], landmarks[:4] = NAN, NAN
    losses = stage_losses(found, face, box, landmarks, hard_ratio=1.0)

    told = [0, 1, 2, 5]
    logits, offsets, places = (value.detach() for value in found)
    entropy = [-math.log(float(logits[i].softmax(0)[face[i]])) for i in told]
    boxes = [sum((float(offsets[i, k]) - float(box[i, k])) ** 2 for k in range(4)) for i in (1, 2, 3)]
    points = [float((places[i] - landmarks[i]).square().sum()) for i in (4, 5)]
    assert losses.face.item() == pytest.approx(sum(entropy) / 4, rel=1e-5)
    assert losses.box.item() == pytest.approx(sum(boxes) / 3, rel=1e-5)
    assert losses.landmarks.item() == pytest.approx(sum(points) / 2, rel=1e-5)


def test_the_distance_loss_uses_distances_instead_of_squares() -> None:
    found = output(3)
    landmarks = torch.randn(3, 5, 2)
    landmarks[0] = NAN
    told, box = torch.tensor([1, 0, 0]), torch.full((3, 4), NAN)
    losses = stage_losses(found, told, box, landmarks, hard_ratio=1.0, landmark_loss="distance")
    expected = sum(
        math.dist(p, q) for i in (1, 2) for p, q in zip(found.landmarks[i].tolist(), landmarks[i].tolist(), strict=True)
    )
    assert losses.landmarks.item() == pytest.approx(expected / 2, rel=0.01)
    exact = stage_losses(found._replace(landmarks=landmarks.nan_to_num()), told, box, landmarks, 1.0, "distance")
    assert exact.landmarks.item() == 0


def test_unknown_labels_give_no_gradient() -> None:
    found = output(3)
    losses = stage_losses(
        found, torch.tensor([1, -1, -1]), torch.full((3, 4), NAN), torch.full((3, 5, 2), NAN), hard_ratio=0.7
    )
    torch.autograd.backward(torch.stack(losses).sum())
    assert found.face.grad is not None
    assert found.face.grad[0].abs().sum() > 0
    for gradient in (found.face.grad[1:], found.box.grad, found.landmarks.grad):
        assert gradient is not None
        assert torch.equal(gradient, torch.zeros_like(gradient))


def test_the_classification_loss_uses_the_hardest_crops() -> None:
    logits = torch.stack((torch.zeros(10), torch.arange(10.0)), dim=1)
    each = [math.log(1 + math.exp(margin)) for margin in range(10)]  # none is a face, and the scores increase
    found = hard_cross_entropy(logits, torch.zeros(10, dtype=torch.int64), 0.7)
    assert float(found) == pytest.approx(sum(each[3:]) / 7, rel=1e-5)


def test_a_batch_without_labels_has_zero_loss() -> None:
    found = output(2)
    losses = stage_losses(
        found, torch.tensor([-1, -1]), torch.full((2, 4), NAN), torch.full((2, 5, 2), NAN), hard_ratio=0.7
    )
    assert [float(loss) for loss in losses] == [0, 0, 0]


def test_pnets_single_windows_lose_their_axes() -> None:
    seen = of_crops(PNet()(torch.randn(3, 3, 12, 12)))
    assert [tuple(value.shape) for value in seen] == [(3, 2), (3, 4), (3, 5, 2)]
