"""What a local discriminator sees: a patch around an organ, faded out by a Gaussian mask (paper 4.6.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from networks.landmarks.heatmaps import gaussians


@dataclass(frozen=True)
class Part:
    """An organ of the face; lengths are shares of the image's longer side.

    Attributes:
        landmarks: Which of the five landmarks are its own.
        height: Of its patch.
        width: Of its patch.
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
"""The paper's three local discriminators look at these; it gives no sizes."""


def cut_patches(images: Tensor, landmarks: Tensor, part: Part, least: int = 1) -> Tensor:
    """Cuts the patch around an organ out of each image and fades it out to grey, 0, away from the landmarks.

    The patch starts at a whole pixel, so that it is as sharp as its image, and the mask lies where the landmarks do. Of
    several landmarks it is the union of their Gaussians g: 1 - (1 - g) (1 - g') ...

    Cutting is two matrix products, whose gradient with respect to the images is deterministic on a GPU, too.

    Args:
        images: (B, C, H, W) in [-1, 1]; beyond it the border goes on.
        landmarks: (B, 5, 2) pixels, finite.
        part: The organ.
        least: Lowest height and width of a patch in pixels.

    Returns:
        (B, C, h, w), with h and w the part's share of the image's longer side, rounded.
    """
    side = max(images.shape[2:])
    height, width = (max(least, round(share * side)) for share in (part.height, part.width))
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
    """Which pixel of an axis each of some successive places shows, as a matrix: (B,) starts to (B, count, length)."""
    places = (start[:, None] + torch.arange(count, device=start.device)).clamp(0, length - 1)
    return (places[:, :, None] == torch.arange(length, device=start.device)).float()
