"""Conversion from network outputs to image pixels."""

from __future__ import annotations

from torch import Tensor


def to_bytes(images: Tensor) -> Tensor:
    """Converts images in [-1, 1], of any shape and floating dtype, to uint8 in 0 to 255, with clipping."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).byte()
