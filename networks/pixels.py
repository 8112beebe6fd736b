"""From the networks' range of values to that of image files."""

from __future__ import annotations

from torch import Tensor


def to_bytes(images: Tensor) -> Tensor:
    """Images in [-1, 1], of any shape and floating type, as uint8 in 0 to 255; what lies beyond is clipped."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).byte()
