"""Peak memory usage."""

from __future__ import annotations

import resource
import sys

import torch

_RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes per unit of ``ru_maxrss``, which counts bytes on macOS and kilobytes on Linux."""


def largest_memory(device: torch.device) -> int:
    """Peak memory in bytes: allocated by PyTorch on a GPU, else used by this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RUSAGE_UNIT
