"""Converts checkpoints of earlier versions."""

from __future__ import annotations

from typing import Any

import torch

from datamodules.samples import UNKNOWN, Attribute
from networks.image_pool import Sample


def update_pools(state_dict: dict[str, Any]) -> None:
    """Replace ``glasses`` by ``attributes`` in pooled samples of versions with a single attribute.

    Args:
        state_dict: State of a module with image pools; changed in place.
    """
    for state in state_dict.values():
        if isinstance(state, dict) and "samples" in state:
            state["samples"] = [_with_attributes(sample) for sample in state["samples"]]


def _with_attributes(sample: Sample) -> Sample:
    if "glasses" not in sample:
        return sample
    rest = {name: value for name, value in sample.items() if name != "glasses"}
    attributes = torch.full((len(Attribute),), UNKNOWN, device=sample["glasses"].device)
    attributes[Attribute.GLASSES] = sample["glasses"]
    return rest | {"attributes": attributes}
