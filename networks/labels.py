"""Class labels beside images, such as the colour of the hair."""

from __future__ import annotations

import torch
from torch import Tensor


def one_hot(labels: Tensor, num_labels: int) -> Tensor:
    """Class numbers as vectors.

    Args:
        labels: (B,) int64 in [0, num_labels), or negative where there is none.
        num_labels: Number of classes K.

    Returns:
        (B, K) float32: 1 at the label, all zero without one.
    """
    return (labels[:, None] == torch.arange(num_labels, device=labels.device)).float()


def append_labels(x: Tensor, labels: Tensor) -> Tensor:
    """Spreads each label over the plane and concatenates it as further channels (paper 4.5).

    Args:
        x: (B, C, H, W).
        labels: (B, K), one-hot.

    Returns:
        (B, C + K, H, W).
    """
    return torch.cat([x, labels[:, :, None, None].expand(-1, -1, *x.shape[-2:])], dim=1)


def check_labels(owner: str, images: Tensor, labels: Tensor | None, num_labels: int) -> None:
    """Refuses labels that a network does not take.

    Args:
        owner: Name of the network, for the message.
        images: (B, C, H, W).
        labels: What came with them.
        num_labels: Classes that the network knows; 0 if it takes no labels.

    Raises:
        ValueError: If labels are missing, not asked for, or not (B, num_labels).
    """
    expected = (len(images), num_labels) if num_labels else None
    found = None if labels is None else tuple(labels.shape)
    if found != expected:
        raise ValueError(f"{owner} of {num_labels} labels needs labels of shape {expected}, got {found}")
