"""Losses that keep a cartoon within the silhouette of its photo's head, and its hair as long."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from networks.landmarks import around_face_mask

MARGIN = 1 / 16
"""Distance from the head at which the background begins, relative to the image side; ears and outlines are nearer."""

_INNER_MARGIN = 1 / 32
"""Distance from the edge of the head at which its interior begins."""

_WHITE = 0.98
_SOLID = 0.5
"""Smallest channel of photos below which a pixel is hair for sure, and not the soft edge of the head's mask."""

_PALE = 0.7
"""Smallest channel of the palest hair of cartoons; below it, nothing counts as white."""


def background_mask(photos: Tensor) -> Tensor:
    """The white background of photos, at least ``MARGIN`` away from the head.

    Args:
        photos: (B, 3, H, W) RGB in [-1, 1] on white. A photo with another background has no or little of it.

    Returns:
        (B, 1, H, W) float32, 1 for background, 0 elsewhere. White spots inside the head that are smaller than the
        margin are no background.
    """
    return 1 - _grown(_drawn(photos, _WHITE), _reach(photos, MARGIN))


def hair_region(photos: Tensor, landmarks: Tensor) -> Tensor:
    """The inside of heads around the face: hair, or what covers it, at least 1/32 of the side away from the edge.

    It ends below the mouth: further down, the head's mask often has parts of collars and shoulders.

    Args:
        photos: (B, 3, H, W) RGB in [-1, 1] on white. A photo without any background has no edge, and no such region.
        landmarks: (B, 5, 2) pixels, x then y; NaN where unknown.

    Returns:
        (B, 1, H, W) float32, 1 inside, 0 elsewhere; all zero for unknown landmarks.
    """
    reach, inner = _reach(photos, MARGIN), _reach(photos, _INNER_MARGIN)
    drawn = _drawn(photos, _SOLID)
    background = 1 - _grown(drawn, reach)
    inside = drawn * (1 - _grown(background, reach + inner))
    has_edge = (background.amax(dim=(1, 2, 3), keepdim=True) > 0).float()
    return inside * around_face_mask(landmarks, *photos.shape[2:]) * has_edge


def background_whiteness(cartoons: Tensor, photos: Tensor) -> Tensor:
    """L1 distance to white of what cartoons draw in the background of their photos.

    Args:
        cartoons: (B, 3, H, W) RGB in [-1, 1].
        photos: The same; on white.

    Returns:
        Scalar, float32: the mean over channels and the background pixels of an image, averaged over the images; those
        without background count as zero.
    """
    return _masked_mean((1 - cartoons.float()).abs().mean(dim=1, keepdim=True), background_mask(photos))


def missing_hair(cartoons: Tensor, photos: Tensor, landmarks: Tensor) -> Tensor:
    """How white cartoons are where their photos have hair, such as long hair that they cut off.

    Args:
        cartoons: (B, 3, H, W) RGB in [-1, 1].
        photos: The same; on white.
        landmarks: (B, 5, 2) pixels of the photos, x then y; NaN where unknown.

    Returns:
        Scalar, float32 in [0, 1]: 0 if all of it is coloured, 1 if all is white; the mean over an image's hair region,
        averaged over the images. Those without such a region count as zero.
    """
    white = (cartoons.float().amin(dim=1, keepdim=True) - _PALE).clamp(min=0) / (1 - _PALE)
    return _masked_mean(white, hair_region(photos, landmarks))


def _reach(photos: Tensor, margin: float) -> int:
    """A margin in pixels."""
    return max(1, round(margin * photos.shape[3]))


def _drawn(photos: Tensor, white: float) -> Tensor:
    """(B, 1, H, W): 1 where the smallest channel of photos is below ``white``."""
    return (photos.amin(dim=1, keepdim=True) < white).float()


def _grown(mask: Tensor, reach: int) -> Tensor:
    """The mask grown by ``reach`` pixels on each side."""
    rows = F.max_pool2d(mask, (1, 2 * reach + 1), stride=1, padding=(0, reach))
    return F.max_pool2d(rows, (2 * reach + 1, 1), stride=1, padding=(reach, 0))


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of (B, 1, H, W) values over each image's mask, averaged over the images; 0 for those with empty masks."""
    totals = (values * mask).sum(dim=(1, 2, 3)) / mask.sum(dim=(1, 2, 3)).clamp(min=1)
    return totals.mean()
