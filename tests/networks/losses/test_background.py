from __future__ import annotations

import pytest
import torch

from networks.losses import background_mask, background_whiteness


def head_on_white(side: int = 64) -> torch.Tensor:
    """A grey square in the middle, with a white spot inside it."""
    photo = torch.ones(1, 3, side, side)
    quarter, middle = side // 4, side // 2
    photo[:, :, quarter:-quarter, quarter:-quarter] = 0.0
    photo[:, :, middle : middle + 3, middle : middle + 3] = 1.0
    return photo


def test_the_background_begins_at_the_margin_and_has_no_holes_in_the_head() -> None:
    mask = background_mask(head_on_white())
    expected = torch.ones(1, 1, 64, 64)
    expected[:, :, 12:52, 12:52] = 0.0  # the head from 16 to 48, and 4 px around it
    torch.testing.assert_close(mask, expected)


def test_a_photo_with_its_own_background_has_none() -> None:
    photo = torch.rand(2, 3, 32, 32) - 0.5
    assert background_mask(photo).sum() == 0
    cartoon = torch.zeros(2, 3, 32, 32, requires_grad=True)
    loss = background_whiteness(cartoon, photo)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss == 0
    assert cartoon.grad is not None
    assert not cartoon.grad.any()


def test_only_what_is_drawn_in_the_background_is_penalised() -> None:
    photo = head_on_white()
    cartoon = photo.clone()
    cartoon[:, :, 14:50, 14:50] = -1.0  # an outline that is a little larger than the head
    assert background_whiteness(cartoon, photo) == 0
    cartoon[:, :, 2:4, 10:30] = -1.0  # a strand of 40 pixels
    area = 64 * 64 - 40 * 40
    assert float(background_whiteness(cartoon, photo)) == pytest.approx(40 * 2 / area)


def test_images_count_alike_whatever_their_background() -> None:
    """So a batch's loss is the mean of its parts', as several processes compute it."""
    photos = torch.cat([head_on_white(), torch.ones(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)])
    cartoons = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    each = [background_whiteness(cartoons[n : n + 1], photos[n : n + 1]) for n in range(3)]
    torch.testing.assert_close(background_whiteness(cartoons, photos), torch.stack(each).mean())
    assert each[2] == 0


def test_the_gradient_makes_a_strand_whiter_and_leaves_the_head() -> None:
    photo = head_on_white()
    cartoon = torch.zeros_like(photo, requires_grad=True)
    background_whiteness(cartoon, photo).backward()  # type: ignore[no-untyped-call]
    assert cartoon.grad is not None
    assert bool((cartoon.grad[:, :, :12] < 0).all())
    assert not cartoon.grad[:, :, 12:52, 12:52].any()
