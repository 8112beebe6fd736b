from __future__ import annotations

import math

import torch

from datamodules.face_box import MEAN_FACE, square_of_landmarks


def test_the_mean_face_fills_its_square() -> None:
    landmarks = MEAN_FACE[None] * 80 + torch.tensor([30.0, -7.0])
    torch.testing.assert_close(square_of_landmarks(landmarks), torch.tensor([[30.0, -7.0, 110.0, 73.0]]))


def test_a_turn_leaves_the_side_as_it_is() -> None:
    turn = torch.tensor([[math.cos(0.6), -math.sin(0.6)], [math.sin(0.6), math.cos(0.6)]])
    square = square_of_landmarks(((MEAN_FACE * 50) @ turn.T)[None])[0]
    torch.testing.assert_close(square[2:] - square[:2], torch.tensor([50.0, 50.0]))
