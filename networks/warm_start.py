"""Initialising networks with the weights of trained ones that may have fewer labels."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


@torch.no_grad()
def copy_weights(own: Mapping[str, Tensor], trained: Mapping[str, Tensor], new_labels: int = 0) -> str | None:
    """Copies trained weights over a network's own; weights of additional labels become zero.

    Labels are the last input channels wherever they enter, so a weight may have ``new_labels`` more columns than the
    trained one. All shapes are checked before anything is written.

    Args:
        own: The network's tensors by name, as in ``state_dict()``; changed in place.
        trained: The trained ones.
        new_labels: Number of labels that the trained network does not have; 0 or more.

    Returns:
        The first tensor that does not fit, which leaves the network unchanged; None if all do.
    """
    for name in sorted(own.keys() | trained.keys()):
        if name not in own or name not in trained or not _fits(trained[name].shape, own[name].shape, new_labels):
            return name
    for name, tensor in own.items():
        tensor.zero_()
        tensor[tuple(map(slice, trained[name].shape))] = trained[name]
    return None


def _fits(small: torch.Size, large: torch.Size, new_labels: int) -> bool:
    grown = (*small[:1], small[1] + new_labels, *small[2:]) if len(small) > 1 else tuple(small)
    return tuple(large) in (tuple(small), grown)
