from __future__ import annotations

import pytest
import torch
from torch import Tensor

from networks import PatchDiscriminator, r1_penalty


def test_it_is_half_the_squared_gradient_of_a_known_function() -> None:
    images = torch.randn(3, 2, 4, 4, requires_grad=True)
    slope = torch.randn(2, 4, 4)
    logits = (images * slope).sum(dim=(1, 2, 3))[:, None].repeat(1, 5)  # their mean has that slope
    torch.testing.assert_close(r1_penalty(logits, images), 0.5 * slope.square().sum())


def test_each_image_has_its_own_gradient_and_only_those_that_count_are_averaged() -> None:
    images = torch.randn(3, 1, 2, 2, requires_grad=True)
    logits = images.square().sum(dim=(1, 2, 3))[:, None]
    each = 0.5 * (2 * images.detach()).square().sum(dim=(1, 2, 3))
    torch.testing.assert_close(r1_penalty(logits, images), each.mean())
    counts = torch.tensor([True, False, True])
    torch.testing.assert_close(r1_penalty(logits, images, counts), each[counts].mean())
    assert r1_penalty(logits, images, torch.zeros(3, dtype=torch.bool)) == 0


def test_a_discriminator_s_agrees_with_finite_differences() -> None:
    torch.manual_seed(0)
    network = PatchDiscriminator(ndf=2, n_layers=1).double()
    network.head.float()  # it computes in float32
    images = torch.randn(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    penalty = r1_penalty(network(images), images)

    def score(shifted: Tensor) -> float:
        return float(network(shifted).mean())

    step, total = 1e-3, 0.0
    for index in range(images.numel()):
        shift = torch.zeros_like(images).view(-1)
        shift[index] = step
        slope = (score(images + shift.view_as(images)) - score(images - shift.view_as(images))) / (2 * step)
        total += 0.5 * slope**2
    assert float(penalty) == pytest.approx(total, rel=2e-2)


def test_its_gradient_reaches_every_kernel() -> None:
    torch.manual_seed(0)
    network = PatchDiscriminator(ndf=4)
    images = torch.randn(2, 3, 32, 32, requires_grad=True)
    r1_penalty(network(images), images).backward()  # type: ignore[no-untyped-call]
    kernels = [parameter for parameter in network.parameters() if parameter.dim() == 4]
    assert all(kernel.grad is not None and kernel.grad.abs().sum() > 0 for kernel in kernels)


def test_images_without_gradient_are_refused() -> None:
    with pytest.raises(ValueError, match="require a gradient"):
        r1_penalty(torch.zeros(1, 1), torch.zeros(1, 3, 2, 2))
