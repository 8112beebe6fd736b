from __future__ import annotations

import torch

from networks.losses import masked_l1, mean_color_distance

MASK = torch.zeros(2, 1, 4, 4)
MASK[0, 0, :2] = 1  # of the first image the upper half, of the second nothing


def test_only_pixels_inside_the_mask_count() -> None:
    first = torch.zeros(2, 3, 4, 4)
    second = first.clone()
    second[:, :, 2:] = 1  # outside
    assert masked_l1(first, second, MASK) == 0
    assert mean_color_distance(first, second, MASK) == 0
    second[0, 0, 0] = 0.6  # a quarter of one channel's pixels inside are half of its upper rows
    torch.testing.assert_close(masked_l1(first, second, MASK), torch.tensor(0.6 / 2 / 3))
    torch.testing.assert_close(mean_color_distance(first, second, MASK), torch.tensor(0.6 / 2 / 3))


def test_a_pattern_of_the_same_mean_color_has_no_distance() -> None:
    first = torch.zeros(2, 3, 4, 4)
    second = first.clone()
    second[0, :, 0, ::2], second[0, :, 0, 1::2] = 0.5, -0.5
    assert mean_color_distance(first, second, MASK).abs() < 1e-6
    assert masked_l1(first, second, MASK) > 0.1


def test_empty_masks_are_worth_nothing_and_gradients_flow() -> None:
    first = torch.rand(2, 3, 4, 4, requires_grad=True)
    second = torch.rand(2, 3, 4, 4)
    for loss in (masked_l1, mean_color_distance):
        assert loss(first, second, torch.zeros_like(MASK)) == 0
        (gradient,) = torch.autograd.grad(loss(first, second, MASK), first)
        assert gradient[0, :, :2].abs().min() > 0
        assert gradient[1].abs().max() == 0
