"""Hair colour of a cartoon from CartoonSet's palette, with all ten colours and without a network.

A classifier with four colours assigns one of them to orange hair, too. CartoonSet's hair has ten flat colours, so
generated hair is assigned to the nearest one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from networks.landmarks.regions import cheek_mask, hair_mask

HAIR_PALETTE = (
    (255, 222, 138),
    (255, 187, 77),
    (237, 111, 47),
    (192, 74, 42),
    (216, 154, 50),
    (161, 83, 50),
    (91, 51, 28),
    (30, 21, 20),
    (144, 164, 174),
    (224, 224, 224),
)
"""RGB of CartoonSet's ``hair_color`` 0 to 9 (blonde, gold, orange, red, dark gold, auburn, brown, black, grey, silver),
measured."""

LABELS_OF_PALETTE = (2, 2, -1, -1, 2, 1, 1, 0, 3, 3)
"""The paper's four colours (black, brown, blonde, grey) for each palette colour; -1 for orange and red."""

NOT_SEEN = -2
"""Value for faces with unknown landmarks or without visible hair."""

_LEAST_SHARE = 0.02
"""Minimum fraction of hair pixels (neither skin nor background) in the band above the eyes."""

_OF_WHITE, _OF_SKIN = 10.0, 16.0
"""Maximum CIELAB distances of background from white, and of skin from the cheeks."""

_OF_LINEAR_RGB = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_D65 = (0.95047, 1.0, 1.08883)


def hair_index(images: Tensor, landmarks: Tensor) -> Tensor:
    """Majority vote of the ``hair_pixels`` for their nearest colour in ``HAIR_PALETTE``.

    Args:
        images: (B, 3, H, W) RGB in [-1, 1], on white.
        landmarks: (B, 5, 2) pixels; NaN where unknown.

    Returns:
        (B,) int64 from 0 to 9, or ``NOT_SEEN``.
    """
    colours = to_lab(images.float()).flatten(2)
    is_hair = hair_pixels(images, landmarks).flatten(1)
    band = hair_mask(landmarks, *images.shape[2:]).flatten(1) > 0
    nearest = _distances(colours).argmin(dim=1)
    votes = torch.stack([((nearest == index) & is_hair).sum(dim=1) for index in range(len(HAIR_PALETTE))], dim=1)
    is_seen = votes.sum(dim=1) >= _LEAST_SHARE * band.sum(dim=1).clamp(min=1)
    return torch.where(is_seen & band.any(dim=1), votes.argmax(dim=1), NOT_SEEN)


def hair_pixels(images: Tensor, landmarks: Tensor) -> Tensor:
    """Hair pixels: those in a band above the eyebrows that are neither background nor of the cheeks' colour.

    Pixels closer to a palette colour than to the cheeks always count as hair, such as brown hair on dark skin.

    Args:
        images: (B, 3, H, W) RGB in [-1, 1], on white.
        landmarks: (B, 5, 2) pixels; NaN where unknown.

    Returns:
        (B, H, W) bool; none where landmarks are unknown.
    """
    height, width = images.shape[2:]
    colours = to_lab(images.float())
    band = hair_mask(landmarks, height, width)[:, 0] > 0
    skin = region_median(colours.flatten(2), cheek_mask(landmarks, height, width).flatten(1) > 0)[:, :, None, None]
    white = to_lab(torch.ones(1, 3, 1, 1, device=images.device))
    from_skin = (colours - skin).norm(dim=1)
    is_skin = (from_skin <= _OF_SKIN) & (from_skin < _distances(colours).amin(dim=1))  # comparisons with NaN are false
    hair: Tensor = band & ((colours - white).norm(dim=1) > _OF_WHITE) & ~is_skin
    return hair


def label_of_palette(index: Tensor) -> Tensor:
    """Maps ``hair_index`` to the paper's colours: 0 to 3, -1 for orange and red, ``NOT_SEEN`` unchanged."""
    labels = torch.tensor(LABELS_OF_PALETTE, device=index.device)[index.clamp(min=0)]
    return torch.where(index >= 0, labels, index)


def region_median(values: Tensor, region: Tensor) -> Tensor:
    """Per-channel median over a region of each image; NaN if the region is empty.

    Args:
        values: (B, C, N).
        region: (B, N) bool.

    Returns:
        (B, C).
    """
    median: Tensor = values.where(region[:, None], torch.nan).nanmedian(dim=2).values
    return median


def to_lab(images: Tensor) -> Tensor:
    """SRGB in [-1, 1], (B, 3, H, W), to CIELAB under D65: L from 0 to 100, a and b about -100 to 100."""
    rgb = (images.clamp(-1, 1) + 1) / 2
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    weights = linear.new_tensor(_OF_LINEAR_RGB)[None, :, :, None, None]
    xyz = (linear[:, None] * weights).sum(dim=2)  # no matmul: autocast would reduce its precision
    xyz = xyz / linear.new_tensor(_D65)[None, :, None, None]
    f = torch.where(xyz > (6 / 29) ** 3, xyz.clamp(min=1e-9) ** (1 / 3), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f.unbind(1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=1)


def _distances(colours: Tensor) -> Tensor:
    """Distances (B, 10, ...) of CIELAB colours (B, 3, ...) from the palette."""
    rgb = torch.tensor(HAIR_PALETTE, device=colours.device, dtype=torch.float32) / 127.5 - 1
    palette = to_lab(rgb[:, :, None, None])[:, :, 0, 0]
    distances = torch.cdist(colours.flatten(2).mT, palette[None]).mT
    return distances.reshape(*distances.shape[:2], *colours.shape[2:])
