"""Class labels and binary attributes as conditions for networks, such as hair colour and glasses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ATTRIBUTES = ("glasses", "beard", "open_mouth")
"""Names of the binary attributes of faces, in the order of their columns. An open mouth shows the teeth."""


def one_hot(labels: Tensor, num_labels: int) -> Tensor:
    """One-hot encoding of class numbers.

    Args:
        labels: (B,) int64 in [0, num_labels), or negative if unlabelled.
        num_labels: Number of classes K.

    Returns:
        (B, K) float32: 1 at the label, all zero if unlabelled.
    """
    return (labels[:, None] == torch.arange(num_labels, device=labels.device)).float()


@dataclass(frozen=True)
class LabelEncoder:
    """Encodes label and attributes of each face as a condition vector.

    Attributes:
        num_labels: Number of label classes, such as hair colours.
        attributes: Names of the attributes to include, from ``ATTRIBUTES``, in the order of the vector.
    """

    num_labels: int
    attributes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Length of the vector."""
        return self.num_labels + 2 * len(self.attributes)

    @property
    def columns(self) -> list[int]:
        """Columns of the included attributes."""
        return [ATTRIBUTES.index(name) for name in self.attributes]

    def __call__(self, labels: Tensor, attributes: Tensor | None = None) -> Tensor:
        """The vectors of B faces.

        Args:
            labels: (B,) int64 in [0, num_labels), or negative if unlabelled.
            attributes: (B, A) int64, a column for each of ``ATTRIBUTES``: 1, 0, or negative if unknown; by default
                unknown.

        Returns:
            (B, size) float32: label and attributes one-hot, or all zero where unknown.
        """
        known = labels.new_full((len(labels), len(ATTRIBUTES)), -1) if attributes is None else attributes
        encoded = [one_hot(labels, self.num_labels), *(one_hot(known[:, column], 2) for column in self.columns)]
        return torch.cat(encoded, dim=1)


def append_labels(x: Tensor, labels: Tensor) -> Tensor:
    """Broadcasts each label over the image and concatenates it as additional channels (paper 4.5).

    Args:
        x: (B, C, H, W).
        labels: (B, K), one-hot.

    Returns:
        (B, C + K, H, W).
    """
    return torch.cat([x, labels[:, :, None, None].expand(-1, -1, *x.shape[-2:])], dim=1)


def check_labels(owner: str, images: Tensor, labels: Tensor | None, num_labels: int) -> None:
    """Validates the labels passed to a network.

    Args:
        owner: Name of the network, for the message.
        images: (B, C, H, W).
        labels: The labels passed with them.
        num_labels: Number of classes of the network; 0 if it takes no labels.

    Raises:
        ValueError: If labels are missing, unexpected, or not (B, num_labels).
    """
    expected = (len(images), num_labels) if num_labels else None
    found = None if labels is None else tuple(labels.shape)
    if found != expected:
        raise ValueError(f"{owner} of {num_labels} labels needs labels of shape {expected}, got {found}")
