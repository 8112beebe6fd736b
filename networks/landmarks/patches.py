"""Input patches of the local discriminators, faded out by a Gaussian mask (paper 4.6.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from networks.landmarks.heatmaps import gaussians


@dataclass(frozen=True)
class Part:
    """A facial part; lengths are relative to the image's longer side.

    Attributes:
        landmarks: Indices of its landmarks.
        height: Height of its patch.
        width: Width of its patch.
        sigma: Standard deviation of the mask around each of its landmarks.
    """

    landmarks: tuple[int, ...]
    height: float
    width: float
    sigma: float


PARTS = {
    "eyes": Part((0, 1), height=64 / 256, width=128 / 256, sigma=16 / 256),
    "nose": Part((2,), height=64 / 256, width=64 / 256, sigma=14 / 256),
    "mouth": Part((3, 4), height=64 / 256, width=96 / 256, sigma=18 / 256),
}
"""Parts of the paper's three local discriminators; the sizes are ours, as it gives none."""


def cut_patches(images: Tensor, landmarks: Tensor, part: Part, min_size: int = 1) -> Tensor:
    """Crops the patch around a facial part and fades it to 0 (grey) away from the landmarks.

    Patches are aligned to whole pixels to stay sharp; the mask is centred on the landmarks. For several landmarks it
    is the union of their Gaussians g: 1 - (1 - g) (1 - g') ...

    Cropping is done by two matrix products, whose gradient is deterministic on GPUs, too.

    Args:
        images: (B, C, H, W) in [-1, 1], with replicated border.
        landmarks: (B, 5, 2) pixels, finite.
        part: The facial part.
        min_size: Minimum height and width of a patch in pixels.

    Returns:
        (B, C, h, w), with h and w the part's size times the image's longer side, rounded.
    """
    side = max(images.shape[2:])
    height, width = (max(min_size, round(share * side)) for share in (part.height, part.width))
    points = landmarks[:, list(part.landmarks)]
    size = points.new_tensor([width, height])
    corner = (points.mean(dim=1, keepdim=True) - (size - 1) / 2).round()
    patches = (
        _rows_at(corner[:, 0, 1], height, images.shape[2])[:, None].to(images)
        @ images
        @ _rows_at(corner[:, 0, 0], width, images.shape[3])[:, None].to(images).transpose(2, 3)
    )
    mask = 1 - (1 - gaussians(points - corner, height, width, part.sigma * side)).prod(dim=1, keepdim=True)
    return patches * mask.to(patches)


def _rows_at(start: Tensor, count: int, length: int) -> Tensor:
    """Selection matrices (B, count, length) for ``count`` consecutive pixels of an axis from (B,) starts."""
    places = (start[:, None] + torch.arange(count, device=start.device)).clamp(0, length - 1)
    return (places[:, :, None] == torch.arange(length, device=start.device)).float()
