"""The square in which a face detector would see a face whose five landmarks are known."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN_FACE = torch.tensor([[0.334, 0.385], [0.666, 0.385], [0.5, 0.583], [0.352, 0.747], [0.648, 0.747]])
"""Where the landmarks lie in the square around a face's box, in sides of it, on average.

Measured: the boxes that MTCNN with facenet-pytorch's weights finds in LFW, made square, against the true landmarks of
LFW+Net, symmetrised. They reach from forehead to chin, as WIDER FACE's do; LFW+Net's own boxes are a third smaller.
"""


def square_of_landmarks(landmarks: Tensor) -> Tensor:
    """Squares that hold their landmarks as a detector's squares do on average.

    Landmarks are middles of pixels, whose edges lie half a pixel beside them; a mirrored face has the mirrored square.
    The side follows from the landmarks' spread around their mean, which a turn in the image plane does not change.

    Args:
        landmarks: (B, 5, 2) pixels, whose middles are whole numbers.

    Returns:
        (B, 4) edges x1, y1, x2, y2 in pixels, differentiable in the landmarks.
    """
    mean_face = MEAN_FACE.to(landmarks)
    middle = landmarks.mean(dim=1)
    spread = (landmarks - middle[:, None]).square().sum(dim=(1, 2))
    side = (spread / (mean_face - mean_face.mean(dim=0)).square().sum()).sqrt()[:, None]
    corner = middle + 0.5 - side * mean_face.mean(dim=0)
    return torch.cat((corner, corner + side), dim=1)
