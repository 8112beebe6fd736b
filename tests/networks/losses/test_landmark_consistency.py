"""The landmark loss against the same in plain Python."""

from __future__ import annotations

import math

import pytest
import torch

from networks.losses import landmark_consistency


def test_it_is_the_mean_distance_in_units_of_the_face() -> None:
    generator = torch.Generator().manual_seed(0)
    found, wanted = (torch.rand(3, 5, 2, generator=generator) * 50 for _ in range(2))
    unit = torch.tensor([10.0, 20.0, 40.0])
    expected = 0.0
    for face in (0, 2):
        for point in range(5):
            expected += math.dist(found[face, point].tolist(), wanted[face, point].tolist()) / unit[face].item() / 10
    loss = landmark_consistency(found, wanted, unit, torch.tensor([True, False, True]))
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_size_of_the_image_does_not_matter() -> None:
    found, wanted = torch.rand(2, 5, 2), torch.rand(2, 5, 2)
    loss = landmark_consistency(found, wanted, torch.ones(2), torch.ones(2, dtype=torch.bool))
    scaled = landmark_consistency(4 * found, 4 * wanted, 4 * torch.ones(2), torch.ones(2, dtype=torch.bool))
    torch.testing.assert_close(loss, scaled)


@pytest.mark.parametrize("known", [[False, False], [True, False]])
def test_unknown_faces_are_left_out(known: list[bool]) -> None:
    found = torch.rand(2, 5, 2).requires_grad_()
    loss = landmark_consistency(found, torch.zeros(2, 5, 2), torch.ones(2), torch.tensor(known))
    (gradient,) = torch.autograd.grad(loss, found)
    assert [bool((face != 0).any()) for face in gradient] == known
    assert bool(loss > 0) is any(known)


def test_a_perfect_face_costs_nothing_and_has_a_finite_gradient() -> None:
    found = torch.rand(1, 5, 2).requires_grad_()
    loss = landmark_consistency(found, found.detach().clone(), torch.ones(1), torch.tensor([True]))
    assert loss == 0
    assert torch.autograd.grad(loss, found)[0].isfinite().all()


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"found \(2, 5, 2\), wanted \(1, 5, 2\)"):
        landmark_consistency(torch.zeros(2, 5, 2), torch.zeros(1, 5, 2), torch.ones(2), torch.ones(2).bool())
