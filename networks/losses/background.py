"""The loss that keeps the background of cartoons white."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

MARGIN = 1 / 16
"""Distance from the head at which the background begins, relative to the image side; ears and outlines are nearer."""

_WHITE = 0.98


def background_mask(photos: Tensor) -> Tensor:
    """The white background of photos, at least ``MARGIN`` away from the head.

    Args:
        photos: (B, 3, H, W) RGB in [-1, 1] on white. A photo with another background has no or little of it.

    Returns:
        (B, 1, H, W) float32, 1 for background, 0 elsewhere. White spots inside the head that are smaller than the
        margin are no background.
    """
    reach = max(1, round(MARGIN * photos.shape[3]))
    drawn = (photos.amin(dim=1, keepdim=True) < _WHITE).float()
    return 1 - F.max_pool2d(drawn, 2 * reach + 1, stride=1, padding=reach)


def background_whiteness(cartoons: Tensor, photos: Tensor) -> Tensor:
    """L1 distance to white of what cartoons draw in the background of their photos.

    Args:
        cartoons: (B, 3, H, W) RGB in [-1, 1].
        photos: The same; on white.

    Returns:
        Scalar, float32: the mean over channels and the background pixels of an image, averaged over the images; those
        without background count as zero.
    """
    mask = background_mask(photos)
    drawn = ((1 - cartoons.float()).abs().mean(dim=1, keepdim=True) * mask).sum(dim=(1, 2, 3))
    return (drawn / mask.sum(dim=(1, 2, 3)).clamp(min=1)).mean()
