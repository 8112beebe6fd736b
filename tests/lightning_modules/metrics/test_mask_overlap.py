from __future__ import annotations

import pytest
import torch

from lightning_modules.metrics.mask_overlap import mask_overlaps


def test_it_is_what_counting_pixels_gives() -> None:
    generator = torch.Generator().manual_seed(0)
    alphas, masks = torch.rand(3, 2, 7, 5, generator=generator), torch.rand(3, 2, 7, 5, generator=generator)
    found = mask_overlaps(alphas, masks, threshold=0.6)
    for photo in range(3):
        for channel in range(2):
            both = either = 0
            for y in range(7):
                for x in range(5):
                    said = alphas[photo, channel, y, x].item() > 0.6
                    known = masks[photo, channel, y, x].item() > 0.6
                    both += said and known
                    either += said or known
            assert found[photo, channel].item() == pytest.approx(both / either)


def test_two_empty_masks_agree_and_one_does_not() -> None:
    empty, full = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    assert mask_overlaps(empty, empty).item() == 1
    assert mask_overlaps(full, empty).item() == mask_overlaps(empty, full).item() == 0
    assert mask_overlaps(full, full).item() == 1
