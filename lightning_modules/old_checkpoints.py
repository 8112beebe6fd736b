"""Converts checkpoints of earlier versions."""

from __future__ import annotations

from typing import Any

import torch

from datamodules.samples import UNKNOWN, Attribute
from networks.image_pool import Sample


def update_pools(state_dict: dict[str, Any]) -> None:
    """Add the attributes that earlier versions did not have to pooled samples, as unknown.

    Args:
        state_dict: State of a module with image pools; changed in place.
    """
    for state in state_dict.values():
        if isinstance(state, dict) and "samples" in state:
            state["samples"] = [_with_attributes(sample) for sample in state["samples"]]


def _with_attributes(sample: Sample) -> Sample:
    known = sample["glasses"][None] if "glasses" in sample else sample.get("attributes")
    if known is None or len(known) == len(Attribute):
        return sample
    attributes = torch.full((len(Attribute),), UNKNOWN, device=known.device)
    attributes[: len(known)] = known
    return {name: value for name, value in sample.items() if name != "glasses"} | {"attributes": attributes}
