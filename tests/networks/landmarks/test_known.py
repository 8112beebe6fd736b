"""Which faces have landmarks."""

from __future__ import annotations

import math

import torch

from networks.landmarks import are_known


def test_a_face_needs_five_known_landmarks_in_more_than_one_place() -> None:
    landmarks = torch.rand(5, 5, 2, generator=torch.Generator().manual_seed(0)) * 32
    landmarks[1, 3, 0] = math.nan
    landmarks[2] = math.nan
    landmarks[3] = 7.5
    landmarks[4, 0] = math.inf
    assert are_known(landmarks).tolist() == [True, False, False, False, False]
