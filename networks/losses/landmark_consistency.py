"""The landmark consistency loss (paper 4.6.1)."""

from __future__ import annotations

import torch
from torch import Tensor


def landmark_consistency(found: Tensor, wanted: Tensor, unit: Tensor, is_known: Tensor) -> Tensor:
    """Mean distance between the landmarks of generated faces and those that they ought to have.

    Args:
        found: (B, 5, 2) pixels, what a regressor finds in the generated faces.
        wanted: (B, 5, 2) finite pixels.
        unit: (B,) pixels of each face that count as 1, so that the size of image and face does not matter.
        is_known: (B,) bool, the faces whose wanted landmarks are known; others are left out.

    Returns:
        Scalar, float32: the mean of the L2 norm over points and known faces, zero without any.

    Raises:
        ValueError: The shapes of found and wanted landmarks differ.
    """
    if found.shape != wanted.shape:
        raise ValueError(f"shapes differ: found {tuple(found.shape)}, wanted {tuple(wanted.shape)}")
    distances = (found.float() - wanted.float()).norm(dim=2).mean(dim=1) / unit
    return torch.where(is_known, distances, 0).sum() / is_known.sum().clamp(min=1)
