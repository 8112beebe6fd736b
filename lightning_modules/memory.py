"""The largest amount of memory that was in use."""

from __future__ import annotations

import resource
import sys

import torch

_RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of a unit of ``ru_maxrss``: bytes on macOS, kilobytes on Linux."""


def largest_memory(device: torch.device) -> int:
    """Bytes of memory used at most so far: allocated on a GPU, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RUSAGE_UNIT
