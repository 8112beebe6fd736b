from __future__ import annotations

import pytest
import torch
from torch import Tensor

from networks.label_leak import label_leak

FACE = torch.tensor([[24.0, 32], [40, 32], [32, 42], [27, 48], [37, 48]])
WHITE, SKIN = 1.0, 0.5


def cartoon(hair: float, cheeks: float = 0.0, background: float = 0.0) -> Tensor:
    """(1, 3, 64, 64) with grey hair, skin that is darker by ``cheeks``, and white that is darker by ``background``."""
    image = torch.full((1, 3, 64, 64), WHITE - background)
    image[..., 14:58, 14:50] = SKIN - cheeks
    image[..., 4:22, 12:52] = hair
    return image


def test_what_changes_with_the_hair_alone_leaks_nothing() -> None:
    leak = label_leak([cartoon(-0.9), cartoon(-0.5), cartoon(-0.1)], FACE[None])
    assert leak.cheeks.tolist() == [0]
    assert leak.background.tolist() == [0]


def test_planted_leaks_are_found_as_shares_of_the_hairs_change() -> None:
    leak = label_leak([cartoon(-0.9), cartoon(-0.4, cheeks=0.1, background=0.05)], FACE[None])
    torch.testing.assert_close(leak.cheeks, torch.tensor([0.1 / 0.5]), atol=0.02, rtol=0)
    torch.testing.assert_close(leak.background, torch.tensor([0.05 / 0.5]), atol=0.01, rtol=0)


def test_all_pairs_count() -> None:
    """Cheeks of 0, 0 and 0.3 change by 0.2 on average, hair of -0.9, -0.6 and -0.3 by 0.4."""
    leak = label_leak([cartoon(-0.9), cartoon(-0.6), cartoon(-0.3, cheeks=0.3)], FACE[None])
    torch.testing.assert_close(leak.cheeks, torch.tensor([0.5]), atol=0.03, rtol=0)


def test_each_photo_has_its_own() -> None:
    first = torch.cat([cartoon(-0.9), cartoon(-0.9)])
    second = torch.cat([cartoon(-0.4), cartoon(-0.4, cheeks=0.25)])
    leak = label_leak([first, second], FACE.repeat(2, 1, 1))
    torch.testing.assert_close(leak.cheeks, torch.tensor([0.0, 0.5]), atol=0.03, rtol=0)


def test_hair_that_does_not_change_or_is_not_seen_has_no_leak() -> None:
    same = label_leak([cartoon(-0.9), cartoon(-0.9, cheeks=0.2)], FACE[None])
    assert same.cheeks.isnan().all()
    nowhere = label_leak([cartoon(-0.9), cartoon(-0.4)], torch.full((1, 5, 2), torch.nan))
    assert nowhere.cheeks.isnan().all()
    assert nowhere.background.isnan().all()


def test_one_colour_is_no_comparison() -> None:
    with pytest.raises(ValueError, match="at least two colours, got 1"):
        label_leak([cartoon(-0.9)], FACE[None])
