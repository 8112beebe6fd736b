"""Estimates a face detector's square from five known landmarks."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN_FACE = torch.tensor([[0.334, 0.385], [0.666, 0.385], [0.5, 0.583], [0.352, 0.747], [0.648, 0.747]])
"""Average landmark positions in the square around a face box, relative to its side.

Measured from squared MTCNN boxes (facenet-pytorch weights) in LFW and the ground-truth landmarks of LFW+Net,
symmetrised. The boxes reach from forehead to chin, like WIDER FACE's; LFW+Net's own boxes are a third smaller.
"""


def square_of_landmarks(landmarks: Tensor) -> Tensor:
    """Squares around landmarks, as a detector would place them on average.

    Landmarks are given at pixel centres, half a pixel from the edges; a mirrored face yields the mirrored square. The
    side is computed from the landmarks' spread around their mean, which is invariant to in-plane rotation.

    Args:
        landmarks: (B, 5, 2) pixels; whole numbers are pixel centres.

    Returns:
        (B, 4) edges x1, y1, x2, y2 in pixels, differentiable in the landmarks.
    """
    mean_face = MEAN_FACE.to(landmarks)
    centre = landmarks.mean(dim=1)
    spread = (landmarks - centre[:, None]).square().sum(dim=(1, 2))
    side = (spread / (mean_face - mean_face.mean(dim=0)).square().sum()).sqrt()[:, None]
    corner = centre + 0.5 - side * mean_face.mean(dim=0)
    return torch.cat((corner, corner + side), dim=1)
