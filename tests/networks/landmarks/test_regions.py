from __future__ import annotations

import math

import pytest
import torch

from networks.landmarks import cheek_mask
from networks.landmarks.regions import hair_mask

FACE = torch.tensor([[[24.0, 30.0], [44.0, 30.0], [34.0, 42.0], [27.0, 48.0], [41.0, 48.0]]])


def test_it_lies_between_eyes_and_mouth_beside_the_nose() -> None:
    mask = cheek_mask(FACE, 64, 64)
    assert mask.shape == (1, 1, 64, 64)
    assert set(mask.flatten().tolist()) == {0.0, 1.0}
    rows, columns = mask[0, 0].nonzero().unbind(dim=1)
    assert [int(rows.min()), int(rows.max())] == [36, 42]  # 30 + 0.30 * 20 to 30 + 0.62 * 20
    assert [int(columns.min()), int(columns.max())] == [19, 49]  # 34 -+ 0.75 * 20


@pytest.mark.parametrize("degrees", [90, -30])
def test_it_turns_with_the_face(degrees: float) -> None:
    angle, middle = math.radians(degrees), torch.tensor([31.5, 31.5])
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned = (FACE - middle) @ turn.T + middle
    mask = cheek_mask(turned, 64, 64)[0, 0]
    expected = (torch.tensor([34.0, 39.2]) - middle) @ turn.T + middle
    centre = mask.nonzero().float().mean(dim=0).flip(0)
    assert (centre - expected).norm() < 0.7
    assert float(mask.sum()) == pytest.approx(float(cheek_mask(FACE, 64, 64).sum()), rel=0.15)


def test_unknown_landmarks_have_no_cheeks() -> None:
    assert cheek_mask(torch.full((1, 5, 2), math.nan), 16, 16).sum() == 0


def test_hair_lies_above_the_eyebrows_and_touches_no_cheek() -> None:
    mask = hair_mask(FACE, 64, 64)
    rows, columns = mask[0, 0].nonzero().unbind(dim=1)
    assert [int(rows.min()), int(rows.max())] == [0, 22]  # 30 - 2.3 * 20 is beyond the image; 30 - 0.4 * 20
    assert [int(columns.min()), int(columns.max())] == [2, 63]  # 34 - 1.6 * 20
    assert (mask * cheek_mask(FACE, 64, 64)).sum() == 0
    assert hair_mask(torch.full((1, 5, 2), math.nan), 16, 16).sum() == 0
