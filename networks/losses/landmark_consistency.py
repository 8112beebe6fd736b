"""The landmark consistency loss (paper 4.6.1)."""

from __future__ import annotations

import torch
from torch import Tensor


def landmark_consistency(found: Tensor, wanted: Tensor, unit: Tensor, is_known: Tensor) -> Tensor:
    """Mean distance between the landmarks of generated faces and their targets.

    Args:
        found: (B, 5, 2) pixels, predicted by a regressor on the generated faces.
        wanted: (B, 5, 2) target landmarks in pixels, finite.
        unit: (B,) unit of length per face in pixels, which makes the loss independent of image and face size.
        is_known: (B,) bool, the faces with known target landmarks; others are excluded.

    Returns:
        Scalar, float32: the mean L2 norm over points and known faces; zero if there are none.

    Raises:
        ValueError: The shapes of found and target landmarks differ.
    """
    if found.shape != wanted.shape:
        raise ValueError(f"shapes differ: found {tuple(found.shape)}, wanted {tuple(wanted.shape)}")
    distances = (found.float() - wanted.float()).norm(dim=2).mean(dim=1) / unit
    return torch.where(is_known, distances, 0).sum() / is_known.sum().clamp(min=1)
