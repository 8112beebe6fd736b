from __future__ import annotations

import math

import torch

from datamodules.transforms.augment import FLIP_ORDER
from datamodules.transforms.face_box import MEAN_FACE, square_of_landmarks


def test_the_mean_face_fills_its_square() -> None:
    landmarks = MEAN_FACE[None] * 80 + torch.tensor([30.0, -7.0]) - 0.5  # from edges to middles of pixels
    torch.testing.assert_close(square_of_landmarks(landmarks), torch.tensor([[30.0, -7.0, 110.0, 73.0]]))


def test_a_turn_leaves_the_side_as_it_is() -> None:
    turn = torch.tensor([[math.cos(0.6), -math.sin(0.6)], [math.sin(0.6), math.cos(0.6)]])
    square = square_of_landmarks(((MEAN_FACE * 50) @ turn.T)[None])[0]
    torch.testing.assert_close(square[2:] - square[:2], torch.tensor([50.0, 50.0]))


def test_a_mirrored_face_has_the_mirrored_square() -> None:
    """In an image 64 px wide column c becomes 63 - c, and the edge e becomes 64 - e."""
    landmarks = torch.tensor([[[20.3, 21.0], [41.9, 23.5], [33.0, 34.2], [24.1, 44.0], [40.0, 45.5]]])
    mirrored = landmarks[:, FLIP_ORDER].clone()
    mirrored[..., 0] = 63 - mirrored[..., 0]
    square, other = square_of_landmarks(landmarks)[0], square_of_landmarks(mirrored)[0]
    torch.testing.assert_close(other, torch.stack((64 - square[2], square[1], 64 - square[0], square[3])))
