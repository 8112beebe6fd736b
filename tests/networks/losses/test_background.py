from __future__ import annotations

import math

import pytest
import torch

from networks.losses import background_mask, background_whiteness, hair_region, missing_hair


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


# Of an upright face in the middle of ``head_on_white``: 8 px between the eyes.
LANDMARKS = torch.tensor([[[28.0, 28.0], [36.0, 28.0], [32.0, 32.0], [29.0, 36.0], [35.0, 36.0]]])


def test_the_hair_region_is_the_inside_of_the_head_without_the_face() -> None:
    expected = torch.zeros(1, 1, 64, 64)
    expected[:, :, 18:46, 18:46] = 1.0  # the head from 16 to 48, without 2 px at its edge
    expected[:, :, 24:40, 24:41] = 0.0  # the face: 1.05 eye distances to each side, 0.5 above and 1.4 below the eyes
    expected[:, :, 40:] = 0.0  # below the mouth
    torch.testing.assert_close(hair_region(head_on_white(), LANDMARKS), expected)


def test_a_photo_without_background_head_or_landmarks_has_no_hair_region() -> None:
    photos = torch.cat([torch.rand(1, 3, 64, 64) - 0.5, torch.ones(1, 3, 64, 64), head_on_white()])
    landmarks = torch.cat([LANDMARKS, LANDMARKS, torch.full_like(LANDMARKS, math.nan)])
    assert hair_region(photos, landmarks).sum() == 0
    assert missing_hair(torch.ones(3, 3, 64, 64), photos, landmarks) == 0


def test_narrow_white_between_the_head_and_the_border_is_no_hair() -> None:
    photo = head_on_white()
    photo[:, :, 2:16, 20:44] = 0.0  # hair up to two pixels below the border
    assert hair_region(photo, LANDMARKS)[:, :, 4:16, 24:40].all()
    assert not hair_region(photo, LANDMARKS)[:, :, :2].any()


def test_the_soft_edge_of_a_mask_is_no_hair() -> None:
    photo = head_on_white()
    sharp = hair_region(photo, LANDMARKS)
    photo[:, :, 16:48, 48:60] = 0.8
    torch.testing.assert_close(hair_region(photo, LANDMARKS), sharp)


def test_only_white_in_the_hair_region_is_penalised() -> None:
    photo = head_on_white()
    cartoon = photo.clone()
    cartoon[:, :, 26:32, 26:40] = 1.0  # eyes
    assert missing_hair(cartoon, photo, LANDMARKS) == 0
    assert missing_hair(torch.full_like(photo, 0.7), photo, LANDMARKS) == 0  # pale hair
    cartoon[:, :, 36:] = 1.0  # hair beside the face that is cut off
    area = 22 * 28 - 16 * 17
    assert float(missing_hair(cartoon, photo, LANDMARKS)) == pytest.approx((4 * 28 - 4 * 17) / area)
    assert missing_hair(torch.ones_like(photo), photo, LANDMARKS) == 1


def test_photos_count_alike_whatever_their_hair() -> None:
    photos = torch.cat([head_on_white(), torch.ones(1, 3, 64, 64), head_on_white()])
    photos[2, :, :, :24] = 1.0
    cartoons = 1 - 0.2 * torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    each = [missing_hair(cartoons[n : n + 1], photos[n : n + 1], LANDMARKS) for n in range(3)]
    torch.testing.assert_close(missing_hair(cartoons, photos, LANDMARKS.expand(3, -1, -1)), torch.stack(each).mean())
    assert each[0] > 0 < each[2]


def test_the_gradient_colours_the_hair_and_leaves_face_and_background() -> None:
    photo = head_on_white()
    cartoon = torch.ones_like(photo, requires_grad=True)
    missing_hair(cartoon, photo, LANDMARKS).backward()  # type: ignore[no-untyped-call]
    assert cartoon.grad is not None
    region = hair_region(photo, LANDMARKS)[0, 0] > 0
    gradient = cartoon.grad[0].amax(dim=0)
    assert bool((gradient[region] > 0).all())
    assert not gradient[~region].any()
