"""Measures whether cartoons preserve the order of skin tones."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import SpearmanCorrCoef

from networks.landmarks import cheek_mask


class SkinToneSummary(NamedTuple):
    """Result of ``SkinToneOrder``.

    Attributes:
        order: () rank correlation; NaN for fewer than two faces.
        samples: Number of faces.
    """

    order: Tensor
    samples: int


def cheek_brightness(images: Tensor, landmarks: Tensor) -> Tensor:
    """Mean brightness of each face's cheeks.

    Args:
        images: (N, 3, H, W) in [-1, 1].
        landmarks: (N, 5, 2) pixels.

    Returns:
        (N,) float32 in [-1, 1]; NaN where no cheek is visible.
    """
    mask = cheek_mask(landmarks, *images.shape[2:])
    area = mask.sum(dim=(1, 2, 3))
    total = (images.float().mean(dim=1, keepdim=True) * mask).sum(dim=(1, 2, 3))
    return torch.where(area > 0, total / area.clamp(min=1), torch.nan)


class SkinToneOrder(SpearmanCorrCoef):
    """Rank correlation of the cheeks' brightness in cartoons and photos; 1 preserves the order of skin tones."""

    def update(self, cartoons: Tensor, photos: Tensor, landmarks: Tensor) -> None:  # type: ignore[override]
        """Add faces; those without visible cheeks are excluded.

        Args:
            cartoons: (N, 3, H, W) in [-1, 1].
            photos: The same faces as photos, of the same shape.
            landmarks: (N, 5, 2) pixels of the photos.
        """
        drawn, taken = (cheek_brightness(images, landmarks) for images in (cartoons, photos))
        is_visible = drawn.isfinite() & taken.isfinite()
        super().update(drawn[is_visible], taken[is_visible])

    def compute(self) -> SkinToneSummary:  # type: ignore[override]
        """The result over all faces of all processes."""
        samples = sum(map(len, self.preds)) if isinstance(self.preds, list) else len(self.preds)
        order = super().compute() if samples > 1 else torch.tensor(torch.nan)
        return SkinToneSummary(order, samples)
